function __dfuflash_should_offer_completions_for_flags_or_options -a expected_commands
    set -l non_repeating_flags_or_options $argv[2..]
    set -l non_repeating_flags_or_options_absent 0
    set -l positional_index 0
    set -l commands
    __dfuflash_parse_tokens
    test "$commands" = "$expected_commands"; and return $non_repeating_flags_or_options_absent
end

function __dfuflash_should_offer_completions_for_positional -a expected_commands positional_index_comparison expected_positional_index
    set -l non_repeating_flags_or_options
    set -l non_repeating_flags_or_options_absent 0
    set -l positional_index 0
    set -l commands
    __dfuflash_parse_tokens
    test "$commands" = "$expected_commands" -a \( "$positional_index" "$positional_index_comparison" "$expected_positional_index" \)
end

function __dfuflash_parse_tokens -S
    set -l unparsed_tokens (__dfuflash_tokens -pc)
    switch $unparsed_tokens[1]
    case 'dfuflash'
        __dfuflash_parse_subcommand 0 'version' 'h/help'
        switch $unparsed_tokens[1]
        case 'list'
            __dfuflash_parse_subcommand 0 'bench=' 'v/verbose' 'trace=' 'stats' 'd/device=' 'p/path=' 'S/serial=' 'uid=' 'n/devnum=' 'c/configuration=' 'i/interface=' 'json' 'read-uids' 'version' 'h/help'
        case 'flash'
            __dfuflash_parse_subcommand 1 'all' 'expect=' 'map=' 'allow-extra' 'jobs=' 'd/device=' 'p/path=' 'S/serial=' 'uid=' 'n/devnum=' 'c/configuration=' 'i/interface=' 'a/alt=' 't/transfer-size=' 'bench=' 'v/verbose' 'trace=' 'stats' 'no-verify' 'verify=' 'full' 'no-preserve' 'keep-vectors' 'dry-run' 'json' 'force' 'permanently-lock-this-chip' 'allow-otp' 'poll=' 'chip=' 'vdd=' 'format=' 'family=' 'max-size=' 'address=' 'no-leave' 'relaunch' 'unprotect' 'w/wait' 'wait-seconds=' 'version' 'h/help'
        case 'verify'
            __dfuflash_parse_subcommand 1 'd/device=' 'p/path=' 'S/serial=' 'uid=' 'n/devnum=' 'c/configuration=' 'i/interface=' 'a/alt=' 't/transfer-size=' 'bench=' 'v/verbose' 'trace=' 'stats' 'w/wait' 'wait-seconds=' 'format=' 'family=' 'max-size=' 'address=' 'version' 'h/help'
        case 'read'
            __dfuflash_parse_subcommand 1 'd/device=' 'p/path=' 'S/serial=' 'uid=' 'n/devnum=' 'c/configuration=' 'i/interface=' 'a/alt=' 't/transfer-size=' 'bench=' 'v/verbose' 'trace=' 'stats' 'w/wait' 'wait-seconds=' 'address=' 'length=' 'force' 'version' 'h/help'
        case 'erase'
            __dfuflash_parse_subcommand 0 'd/device=' 'p/path=' 'S/serial=' 'uid=' 'n/devnum=' 'c/configuration=' 'i/interface=' 'a/alt=' 't/transfer-size=' 'bench=' 'v/verbose' 'trace=' 'stats' 'w/wait' 'wait-seconds=' 'address=' 'length=' 'all' 'version' 'h/help'
        case 'unprotect'
            __dfuflash_parse_subcommand 0 'd/device=' 'p/path=' 'S/serial=' 'uid=' 'n/devnum=' 'c/configuration=' 'i/interface=' 'a/alt=' 't/transfer-size=' 'bench=' 'v/verbose' 'trace=' 'stats' 'w/wait' 'wait-seconds=' 'yes' 'version' 'h/help'
        case 'option-bytes'
            __dfuflash_parse_subcommand 0 'version' 'h/help'
            switch $unparsed_tokens[1]
            case 'show'
                __dfuflash_parse_subcommand 0 'd/device=' 'p/path=' 'S/serial=' 'uid=' 'n/devnum=' 'c/configuration=' 'i/interface=' 'a/alt=' 't/transfer-size=' 'bench=' 'v/verbose' 'trace=' 'stats' 'w/wait' 'wait-seconds=' 'chip=' 'json' 'version' 'h/help'
            case 'set'
                __dfuflash_parse_subcommand -r 1 'd/device=' 'p/path=' 'S/serial=' 'uid=' 'n/devnum=' 'c/configuration=' 'i/interface=' 'a/alt=' 't/transfer-size=' 'bench=' 'v/verbose' 'trace=' 'stats' 'w/wait' 'wait-seconds=' 'chip=' 'yes' 'force' 'permanently-lock-this-chip' 'version' 'h/help'
            case 'backup'
                __dfuflash_parse_subcommand 1 'd/device=' 'p/path=' 'S/serial=' 'uid=' 'n/devnum=' 'c/configuration=' 'i/interface=' 'a/alt=' 't/transfer-size=' 'bench=' 'v/verbose' 'trace=' 'stats' 'w/wait' 'wait-seconds=' 'chip=' 'version' 'h/help'
            case 'restore'
                __dfuflash_parse_subcommand 1 'd/device=' 'p/path=' 'S/serial=' 'uid=' 'n/devnum=' 'c/configuration=' 'i/interface=' 'a/alt=' 't/transfer-size=' 'bench=' 'v/verbose' 'trace=' 'stats' 'w/wait' 'wait-seconds=' 'chip=' 'yes' 'force' 'permanently-lock-this-chip' 'version' 'h/help'
            end
        case 'chips'
            __dfuflash_parse_subcommand 1 'errata' 'markdown' 'version' 'h/help'
        case 'inspect'
            __dfuflash_parse_subcommand 1 'board' 'json' 'address=' 'format=' 'family=' 'max-size=' 'd/device=' 'p/path=' 'S/serial=' 'uid=' 'n/devnum=' 'c/configuration=' 'i/interface=' 'a/alt=' 't/transfer-size=' 'bench=' 'v/verbose' 'trace=' 'stats' 'version' 'h/help'
        case 'convert'
            __dfuflash_parse_subcommand 2 'to=' 'address=' 'fill=' 'vid=' 'pid=' 'device-version=' 'alt=' 'name=' 'format=' 'family=' 'max-size=' 'force' 'version' 'h/help'
        case 'serial'
            __dfuflash_parse_subcommand -r 1 'memory-order' 'json' 'version' 'h/help'
        case 'doctor'
            __dfuflash_parse_subcommand 0 'bench=' 'v/verbose' 'trace=' 'stats' 'd/device=' 'p/path=' 'S/serial=' 'uid=' 'n/devnum=' 'c/configuration=' 'i/interface=' 'report=' 'with-ids' 'json' 'install-udev' 'print-udev' 'yes' 'version' 'h/help'
        case 'station'
            __dfuflash_parse_subcommand 1 'ports=' 'jobs=' 'log=' 'on-pass=' 'on-fail=' 'count=' 'd/device=' 'p/path=' 'S/serial=' 'uid=' 'n/devnum=' 'c/configuration=' 'i/interface=' 'a/alt=' 't/transfer-size=' 'bench=' 'v/verbose' 'trace=' 'stats' 'no-verify' 'verify=' 'full' 'no-preserve' 'keep-vectors' 'dry-run' 'json' 'force' 'permanently-lock-this-chip' 'allow-otp' 'poll=' 'chip=' 'vdd=' 'format=' 'family=' 'max-size=' 'address=' 'no-leave' 'relaunch' 'unprotect' 'version' 'h/help'
        case 'simulate'
            __dfuflash_parse_subcommand -r 1 'bench=' 'replay=' 'list-kinds' 'force' 'speed=' 'add=+' 'unplug=+' 'plug=+' 'boot0-low=+' 'boot0-high=+' 'press-reset=+' 'power-cycle=+' 'protect=+' 'load=+' 'dump=' 'version' 'h/help'
        case 'dfu-util'
            __dfuflash_parse_subcommand 0 'd/device=' 'p/path=' 'S/serial=' 'uid=' 'n/devnum=' 'c/configuration=' 'i/interface=' 'a/alt=' 't/transfer-size=' 'bench=' 'v/verbose' 'trace=' 'stats' 'V/print-version' 'l/list' 'e/detach' 'E/detach-delay=' 'U/upload=' 'Z/upload-size=' 'D/download=' 'R/reset' 's/dfuse-address=' 'w/wait' 'wait-seconds=' 'no-verify' 'verify=' 'full' 'no-preserve' 'keep-vectors' 'dry-run' 'json' 'force' 'permanently-lock-this-chip' 'allow-otp' 'poll=' 'chip=' 'vdd=' 'format=' 'family=' 'max-size=' 'version' 'h/help'
        case 'help'
            __dfuflash_parse_subcommand -r 1 'version'
        end
    end
end

function __dfuflash_tokens
    if test (string split -m 1 -f 1 -- . "$FISH_VERSION") -gt 3
        commandline --tokens-raw $argv
    else
        commandline -o $argv
    end
end

function __dfuflash_parse_subcommand -S -a positional_count
    argparse -s r -- $argv
    set -l option_specs $argv[2..]
    set -l is_repeating_positional $_flag_r
    set -el _flag_r
    set -a commands $unparsed_tokens[1]
    set positional_index 0
    while true
        set -e unparsed_tokens[1]
        argparse -sn "$commands" $option_specs -- $unparsed_tokens 2> /dev/null
        set unparsed_tokens $argv
        set positional_index (math $positional_index + 1)
        for non_repeating_flag_or_option in $non_repeating_flags_or_options
            if set -ql "_flag_$(string replace -a - _ -- $non_repeating_flag_or_option)"
                set non_repeating_flags_or_options_absent 1
                break
            end
        end
        test (count $unparsed_tokens) -eq 0 -o \( -z "$is_repeating_positional" -a "$positional_index" -gt "$positional_count" \) && break
    end
end

function __dfuflash_complete_directories
    set -l token (commandline -t)
    string match -- '*/' $token
    set -l subdirs $token*/
    printf %s\n $subdirs
end

function __dfuflash_custom_completion
    set -x SAP_SHELL fish
    set -x SAP_SHELL_VERSION $FISH_VERSION
    set -l tokens (__dfuflash_tokens -p)
    if test -z "$(__dfuflash_tokens -t)"
        set -l index (count (__dfuflash_tokens -pc))
        set tokens $tokens[..$index] \'\' $tokens[(math $index + 1)..]
    end
    command $tokens[1] $argv $tokens
end

complete -c 'dfuflash' -f
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash" version' -l 'version' -d 'Show the version.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_positional "dfuflash" -eq 1' -fa 'list' -d 'Show the connected DFU boards with their memories.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_positional "dfuflash" -eq 1' -fa 'flash' -d 'Write a firmware file to a board, verify it, and start it.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_positional "dfuflash" -eq 1' -fa 'verify' -d 'Compare a firmware file with a board\'s memory.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_positional "dfuflash" -eq 1' -fa 'read' -d 'Read a board\'s memory into a file.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_positional "dfuflash" -eq 1' -fa 'erase' -d 'Erase sectors, or all of a memory.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_positional "dfuflash" -eq 1' -fa 'unprotect' -d 'Lift readout protection; the chip erases its flash.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_positional "dfuflash" -eq 1' -fa 'option-bytes' -d 'Show, set, back up and restore a chip\'s option bytes.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_positional "dfuflash" -eq 1' -fa 'chips' -d 'List the chips that are known, or what is known of one.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_positional "dfuflash" -eq 1' -fa 'inspect' -d 'Show what is in a firmware file, and where it fits.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_positional "dfuflash" -eq 1' -fa 'convert' -d 'Make a firmware file of another format.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_positional "dfuflash" -eq 1' -fa 'serial' -d 'Show the serial numbers that a chip\'s unique ID can become.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_positional "dfuflash" -eq 1' -fa 'doctor' -d 'Find out why a board does not show up or cannot be flashed.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_positional "dfuflash" -eq 1' -fa 'station' -d 'Flash one board after another as they are plugged in.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_positional "dfuflash" -eq 1' -fa 'simulate' -d 'Make and change a bench of simulated boards.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_positional "dfuflash" -eq 1' -fa 'dfu-util' -d 'Take dfu-util\'s options (the default without a verb).'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_positional "dfuflash" -eq 1' -fa 'help' -d 'Show subcommand help information.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash list" bench' -l 'bench' -d 'Use the simulated boards of this file instead of USB, or those recorded in a trace (also: the environment variable DFUFLASH_BENCH).' -rF
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash list"' -s 'v' -l 'verbose' -d 'Say more, such as an old status that was cleared; -v -v shows every transfer, -v -v -v libusb\'s log too.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash list" trace' -l 'trace' -d 'Write every control transfer to this file, one line of JSON each; --bench replays it.' -rF
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash list" stats' -l 'stats' -d 'End with figures of transfers, bytes and times.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash list" d device' -s 'd' -l 'device' -d 'USB ids, hexadecimal; the second pair counts in DFU mode (also: the environment variable DFUFLASH_DEVICE).' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash list" p path' -s 'p' -l 'path' -d 'The port the board is plugged into, as --list shows it.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash list" S serial' -s 'S' -l 'serial' -d 'The serial number; the second one counts in DFU mode.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash list" uid' -l 'uid' -d 'The unique ID of the chip, 24 hexadecimal digits or three words in quotation marks.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash list" devnum n' -s 'n' -l 'devnum' -d 'The device\'s address on its bus.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash list" c cfg configuration' -s 'c' -l 'configuration' -l 'cfg' -d 'The configuration; 0 is any.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash list" i interface intf' -s 'i' -l 'interface' -l 'intf' -d 'The interface.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash list" json' -l 'json' -d 'Print JSON instead of text.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash list" read-uids' -l 'read-uids' -d 'Read the chips\' unique IDs where their bootloaders allow it; this speaks DFU with them.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash list" version' -l 'version' -d 'Show the version.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash list" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_positional "dfuflash flash" -eq 1' -F
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash flash" all' -l 'all' -d 'Flash every board in DFU mode that the options mean.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash flash" expect' -l 'expect' -d 'With --all and --wait: wait for so many boards.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash flash" map' -l 'map' -d 'Flash each board with its own file: lines of match,file[,address][,options], match being path=, serial=, uid= or runtime-serial=.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash flash" allow-extra' -l 'allow-extra' -d 'With --map: leave boards alone that no line names.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash flash" jobs' -l 'jobs' -d 'How many boards at once; 0 is all.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash flash" d device' -s 'd' -l 'device' -d 'USB ids, hexadecimal; the second pair counts in DFU mode (also: the environment variable DFUFLASH_DEVICE).' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash flash" p path' -s 'p' -l 'path' -d 'The port the board is plugged into, as --list shows it.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash flash" S serial' -s 'S' -l 'serial' -d 'The serial number; the second one counts in DFU mode.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash flash" uid' -l 'uid' -d 'The unique ID of the chip, 24 hexadecimal digits or three words in quotation marks.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash flash" devnum n' -s 'n' -l 'devnum' -d 'The device\'s address on its bus.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash flash" c cfg configuration' -s 'c' -l 'configuration' -l 'cfg' -d 'The configuration; 0 is any.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash flash" i interface intf' -s 'i' -l 'interface' -l 'intf' -d 'The interface.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash flash" a alt altsetting' -s 'a' -l 'alt' -l 'altsetting' -d 'The alternate setting, by number or by name.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash flash" t transfer-size' -s 't' -l 'transfer-size' -d 'Bytes per transfer, where the board\'s own figure is wrong or missing.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash flash" bench' -l 'bench' -d 'Use the simulated boards of this file instead of USB, or those recorded in a trace (also: the environment variable DFUFLASH_BENCH).' -rF
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash flash"' -s 'v' -l 'verbose' -d 'Say more, such as an old status that was cleared; -v -v shows every transfer, -v -v -v libusb\'s log too.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash flash" trace' -l 'trace' -d 'Write every control transfer to this file, one line of JSON each; --bench replays it.' -rF
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash flash" stats' -l 'stats' -d 'End with figures of transfers, bytes and times.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash flash" no-verify' -l 'no-verify' -d 'Do not read back what was written.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash flash" verify' -l 'verify' -d 'required: what cannot be read back is a failure.' -rfka 'required'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash flash" full' -l 'full' -d 'Erase and write everything, even what is already right.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash flash" no-preserve' -l 'no-preserve' -d 'Drop what shares a sector with the image but lies outside it.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash flash" keep-vectors' -l 'keep-vectors' -d 'Leave the vector table\'s sector alone where it is right; an interrupted update may then start a mixture of two programs.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash flash" dry-run' -l 'dry-run' -d 'Only say what would be done; change nothing.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash flash" json' -l 'json' -d 'Print one line of JSON for each event instead of text.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash flash" force' -l 'force' -d 'Write option bytes that look wrong or raise protection, and images that cannot be started.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash flash" permanently-lock-this-chip' -l 'permanently-lock-this-chip' -d 'Allow readout protection level 2: there is no way back.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash flash" allow-otp' -l 'allow-otp' -d 'Allow writing memory that can be programmed only once.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash flash" poll' -l 'poll' -d 'Which poll times to believe: auto, spec (the device\'s), fast (ask at once).' -rfka 'auto spec fast'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash flash" chip' -l 'chip' -d 'The chip, where it cannot be told from what the board shows.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash flash" vdd' -l 'vdd' -d 'The supply voltage; from 2.7 V on F2, F4 and F7 chips program 32 bits at a time.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash flash" format' -l 'format' -d 'Read the file as raw, dfuse, dfu, hex, srec, elf or uf2, whatever it looks like.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash flash" family' -l 'family' -d 'The chip family to take from a UF2 file: a name such as STM32F4, or its number.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash flash" max-size' -l 'max-size' -d 'The most bytes the file may have, packed as well as unpacked (64M); K and M are understood.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash flash" address' -l 'address' -d 'Where a file without addresses belongs.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash flash" no-leave' -l 'no-leave' -d 'Stay in DFU mode afterwards.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash flash" relaunch' -l 'relaunch' -d 'Have the chip load its option bytes again instead of jumping: for chips that were blank.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash flash" unprotect' -l 'unprotect' -d 'Lift readout protection first; it erases all of the chip\'s flash.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash flash" w wait' -s 'w' -l 'wait' -d 'Wait for the board to appear; --wait=5 for 5 seconds at most.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash flash" wait-seconds' -l 'wait-seconds' -d 'The same as --wait=seconds.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash flash" version' -l 'version' -d 'Show the version.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash flash" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_positional "dfuflash verify" -eq 1' -F
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash verify" d device' -s 'd' -l 'device' -d 'USB ids, hexadecimal; the second pair counts in DFU mode (also: the environment variable DFUFLASH_DEVICE).' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash verify" p path' -s 'p' -l 'path' -d 'The port the board is plugged into, as --list shows it.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash verify" S serial' -s 'S' -l 'serial' -d 'The serial number; the second one counts in DFU mode.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash verify" uid' -l 'uid' -d 'The unique ID of the chip, 24 hexadecimal digits or three words in quotation marks.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash verify" devnum n' -s 'n' -l 'devnum' -d 'The device\'s address on its bus.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash verify" c cfg configuration' -s 'c' -l 'configuration' -l 'cfg' -d 'The configuration; 0 is any.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash verify" i interface intf' -s 'i' -l 'interface' -l 'intf' -d 'The interface.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash verify" a alt altsetting' -s 'a' -l 'alt' -l 'altsetting' -d 'The alternate setting, by number or by name.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash verify" t transfer-size' -s 't' -l 'transfer-size' -d 'Bytes per transfer, where the board\'s own figure is wrong or missing.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash verify" bench' -l 'bench' -d 'Use the simulated boards of this file instead of USB, or those recorded in a trace (also: the environment variable DFUFLASH_BENCH).' -rF
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash verify"' -s 'v' -l 'verbose' -d 'Say more, such as an old status that was cleared; -v -v shows every transfer, -v -v -v libusb\'s log too.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash verify" trace' -l 'trace' -d 'Write every control transfer to this file, one line of JSON each; --bench replays it.' -rF
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash verify" stats' -l 'stats' -d 'End with figures of transfers, bytes and times.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash verify" w wait' -s 'w' -l 'wait' -d 'Wait for the board to appear; --wait=5 for 5 seconds at most.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash verify" wait-seconds' -l 'wait-seconds' -d 'The same as --wait=seconds.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash verify" format' -l 'format' -d 'Read the file as raw, dfuse, dfu, hex, srec, elf or uf2, whatever it looks like.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash verify" family' -l 'family' -d 'The chip family to take from a UF2 file: a name such as STM32F4, or its number.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash verify" max-size' -l 'max-size' -d 'The most bytes the file may have, packed as well as unpacked (64M); K and M are understood.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash verify" address' -l 'address' -d 'Where a file without addresses belongs.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash verify" version' -l 'version' -d 'Show the version.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash verify" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_positional "dfuflash read" -eq 1' -F
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash read" d device' -s 'd' -l 'device' -d 'USB ids, hexadecimal; the second pair counts in DFU mode (also: the environment variable DFUFLASH_DEVICE).' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash read" p path' -s 'p' -l 'path' -d 'The port the board is plugged into, as --list shows it.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash read" S serial' -s 'S' -l 'serial' -d 'The serial number; the second one counts in DFU mode.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash read" uid' -l 'uid' -d 'The unique ID of the chip, 24 hexadecimal digits or three words in quotation marks.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash read" devnum n' -s 'n' -l 'devnum' -d 'The device\'s address on its bus.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash read" c cfg configuration' -s 'c' -l 'configuration' -l 'cfg' -d 'The configuration; 0 is any.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash read" i interface intf' -s 'i' -l 'interface' -l 'intf' -d 'The interface.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash read" a alt altsetting' -s 'a' -l 'alt' -l 'altsetting' -d 'The alternate setting, by number or by name.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash read" t transfer-size' -s 't' -l 'transfer-size' -d 'Bytes per transfer, where the board\'s own figure is wrong or missing.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash read" bench' -l 'bench' -d 'Use the simulated boards of this file instead of USB, or those recorded in a trace (also: the environment variable DFUFLASH_BENCH).' -rF
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash read"' -s 'v' -l 'verbose' -d 'Say more, such as an old status that was cleared; -v -v shows every transfer, -v -v -v libusb\'s log too.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash read" trace' -l 'trace' -d 'Write every control transfer to this file, one line of JSON each; --bench replays it.' -rF
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash read" stats' -l 'stats' -d 'End with figures of transfers, bytes and times.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash read" w wait' -s 'w' -l 'wait' -d 'Wait for the board to appear; --wait=5 for 5 seconds at most.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash read" wait-seconds' -l 'wait-seconds' -d 'The same as --wait=seconds.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash read" address' -l 'address' -d 'The first address; the memory\'s first if left out.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash read" length' -l 'length' -d 'How many bytes; to the end of the memory if left out.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash read" force' -l 'force' -d 'Replace the file if it exists.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash read" version' -l 'version' -d 'Show the version.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash read" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash erase" d device' -s 'd' -l 'device' -d 'USB ids, hexadecimal; the second pair counts in DFU mode (also: the environment variable DFUFLASH_DEVICE).' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash erase" p path' -s 'p' -l 'path' -d 'The port the board is plugged into, as --list shows it.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash erase" S serial' -s 'S' -l 'serial' -d 'The serial number; the second one counts in DFU mode.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash erase" uid' -l 'uid' -d 'The unique ID of the chip, 24 hexadecimal digits or three words in quotation marks.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash erase" devnum n' -s 'n' -l 'devnum' -d 'The device\'s address on its bus.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash erase" c cfg configuration' -s 'c' -l 'configuration' -l 'cfg' -d 'The configuration; 0 is any.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash erase" i interface intf' -s 'i' -l 'interface' -l 'intf' -d 'The interface.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash erase" a alt altsetting' -s 'a' -l 'alt' -l 'altsetting' -d 'The alternate setting, by number or by name.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash erase" t transfer-size' -s 't' -l 'transfer-size' -d 'Bytes per transfer, where the board\'s own figure is wrong or missing.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash erase" bench' -l 'bench' -d 'Use the simulated boards of this file instead of USB, or those recorded in a trace (also: the environment variable DFUFLASH_BENCH).' -rF
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash erase"' -s 'v' -l 'verbose' -d 'Say more, such as an old status that was cleared; -v -v shows every transfer, -v -v -v libusb\'s log too.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash erase" trace' -l 'trace' -d 'Write every control transfer to this file, one line of JSON each; --bench replays it.' -rF
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash erase" stats' -l 'stats' -d 'End with figures of transfers, bytes and times.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash erase" w wait' -s 'w' -l 'wait' -d 'Wait for the board to appear; --wait=5 for 5 seconds at most.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash erase" wait-seconds' -l 'wait-seconds' -d 'The same as --wait=seconds.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash erase" address' -l 'address' -d 'The first address; every sector touched is erased.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash erase" length' -l 'length' -d 'How many bytes; one sector if left out.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash erase" all' -l 'all' -d 'Erase the whole memory at once.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash erase" version' -l 'version' -d 'Show the version.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash erase" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash unprotect" d device' -s 'd' -l 'device' -d 'USB ids, hexadecimal; the second pair counts in DFU mode (also: the environment variable DFUFLASH_DEVICE).' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash unprotect" p path' -s 'p' -l 'path' -d 'The port the board is plugged into, as --list shows it.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash unprotect" S serial' -s 'S' -l 'serial' -d 'The serial number; the second one counts in DFU mode.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash unprotect" uid' -l 'uid' -d 'The unique ID of the chip, 24 hexadecimal digits or three words in quotation marks.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash unprotect" devnum n' -s 'n' -l 'devnum' -d 'The device\'s address on its bus.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash unprotect" c cfg configuration' -s 'c' -l 'configuration' -l 'cfg' -d 'The configuration; 0 is any.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash unprotect" i interface intf' -s 'i' -l 'interface' -l 'intf' -d 'The interface.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash unprotect" a alt altsetting' -s 'a' -l 'alt' -l 'altsetting' -d 'The alternate setting, by number or by name.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash unprotect" t transfer-size' -s 't' -l 'transfer-size' -d 'Bytes per transfer, where the board\'s own figure is wrong or missing.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash unprotect" bench' -l 'bench' -d 'Use the simulated boards of this file instead of USB, or those recorded in a trace (also: the environment variable DFUFLASH_BENCH).' -rF
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash unprotect"' -s 'v' -l 'verbose' -d 'Say more, such as an old status that was cleared; -v -v shows every transfer, -v -v -v libusb\'s log too.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash unprotect" trace' -l 'trace' -d 'Write every control transfer to this file, one line of JSON each; --bench replays it.' -rF
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash unprotect" stats' -l 'stats' -d 'End with figures of transfers, bytes and times.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash unprotect" w wait' -s 'w' -l 'wait' -d 'Wait for the board to appear; --wait=5 for 5 seconds at most.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash unprotect" wait-seconds' -l 'wait-seconds' -d 'The same as --wait=seconds.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash unprotect" yes' -l 'yes' -d 'Do it: everything in the chip\'s flash is lost.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash unprotect" version' -l 'version' -d 'Show the version.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash unprotect" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash option-bytes" version' -l 'version' -d 'Show the version.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash option-bytes" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_positional "dfuflash option-bytes" -eq 1' -fa 'show' -d 'Show the option bytes by their names.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_positional "dfuflash option-bytes" -eq 1' -fa 'set' -d 'Change option bytes by their names.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_positional "dfuflash option-bytes" -eq 1' -fa 'backup' -d 'Write the option bytes to a DfuSe file.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_positional "dfuflash option-bytes" -eq 1' -fa 'restore' -d 'Write the option bytes of a file to the chip.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash option-bytes show" d device' -s 'd' -l 'device' -d 'USB ids, hexadecimal; the second pair counts in DFU mode (also: the environment variable DFUFLASH_DEVICE).' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash option-bytes show" p path' -s 'p' -l 'path' -d 'The port the board is plugged into, as --list shows it.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash option-bytes show" S serial' -s 'S' -l 'serial' -d 'The serial number; the second one counts in DFU mode.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash option-bytes show" uid' -l 'uid' -d 'The unique ID of the chip, 24 hexadecimal digits or three words in quotation marks.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash option-bytes show" devnum n' -s 'n' -l 'devnum' -d 'The device\'s address on its bus.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash option-bytes show" c cfg configuration' -s 'c' -l 'configuration' -l 'cfg' -d 'The configuration; 0 is any.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash option-bytes show" i interface intf' -s 'i' -l 'interface' -l 'intf' -d 'The interface.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash option-bytes show" a alt altsetting' -s 'a' -l 'alt' -l 'altsetting' -d 'The alternate setting, by number or by name.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash option-bytes show" t transfer-size' -s 't' -l 'transfer-size' -d 'Bytes per transfer, where the board\'s own figure is wrong or missing.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash option-bytes show" bench' -l 'bench' -d 'Use the simulated boards of this file instead of USB, or those recorded in a trace (also: the environment variable DFUFLASH_BENCH).' -rF
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash option-bytes show"' -s 'v' -l 'verbose' -d 'Say more, such as an old status that was cleared; -v -v shows every transfer, -v -v -v libusb\'s log too.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash option-bytes show" trace' -l 'trace' -d 'Write every control transfer to this file, one line of JSON each; --bench replays it.' -rF
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash option-bytes show" stats' -l 'stats' -d 'End with figures of transfers, bytes and times.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash option-bytes show" w wait' -s 'w' -l 'wait' -d 'Wait for the board to appear; --wait=5 for 5 seconds at most.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash option-bytes show" wait-seconds' -l 'wait-seconds' -d 'The same as --wait=seconds.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash option-bytes show" chip' -l 'chip' -d 'The chip, where it cannot be told from what the board shows.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash option-bytes show" json' -l 'json' -d 'Print JSON instead of text.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash option-bytes show" version' -l 'version' -d 'Show the version.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash option-bytes show" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash option-bytes set" d device' -s 'd' -l 'device' -d 'USB ids, hexadecimal; the second pair counts in DFU mode (also: the environment variable DFUFLASH_DEVICE).' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash option-bytes set" p path' -s 'p' -l 'path' -d 'The port the board is plugged into, as --list shows it.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash option-bytes set" S serial' -s 'S' -l 'serial' -d 'The serial number; the second one counts in DFU mode.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash option-bytes set" uid' -l 'uid' -d 'The unique ID of the chip, 24 hexadecimal digits or three words in quotation marks.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash option-bytes set" devnum n' -s 'n' -l 'devnum' -d 'The device\'s address on its bus.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash option-bytes set" c cfg configuration' -s 'c' -l 'configuration' -l 'cfg' -d 'The configuration; 0 is any.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash option-bytes set" i interface intf' -s 'i' -l 'interface' -l 'intf' -d 'The interface.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash option-bytes set" a alt altsetting' -s 'a' -l 'alt' -l 'altsetting' -d 'The alternate setting, by number or by name.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash option-bytes set" t transfer-size' -s 't' -l 'transfer-size' -d 'Bytes per transfer, where the board\'s own figure is wrong or missing.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash option-bytes set" bench' -l 'bench' -d 'Use the simulated boards of this file instead of USB, or those recorded in a trace (also: the environment variable DFUFLASH_BENCH).' -rF
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash option-bytes set"' -s 'v' -l 'verbose' -d 'Say more, such as an old status that was cleared; -v -v shows every transfer, -v -v -v libusb\'s log too.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash option-bytes set" trace' -l 'trace' -d 'Write every control transfer to this file, one line of JSON each; --bench replays it.' -rF
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash option-bytes set" stats' -l 'stats' -d 'End with figures of transfers, bytes and times.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash option-bytes set" w wait' -s 'w' -l 'wait' -d 'Wait for the board to appear; --wait=5 for 5 seconds at most.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash option-bytes set" wait-seconds' -l 'wait-seconds' -d 'The same as --wait=seconds.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash option-bytes set" chip' -l 'chip' -d 'The chip, where it cannot be told from what the board shows.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash option-bytes set" yes' -l 'yes' -d 'Do it without asking.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash option-bytes set" force' -l 'force' -d 'Write option bytes that look wrong or raise protection, and images that cannot be started.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash option-bytes set" permanently-lock-this-chip' -l 'permanently-lock-this-chip' -d 'Allow readout protection level 2: there is no way back.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash option-bytes set" version' -l 'version' -d 'Show the version.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash option-bytes set" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_positional "dfuflash option-bytes backup" -eq 1' -F
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash option-bytes backup" d device' -s 'd' -l 'device' -d 'USB ids, hexadecimal; the second pair counts in DFU mode (also: the environment variable DFUFLASH_DEVICE).' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash option-bytes backup" p path' -s 'p' -l 'path' -d 'The port the board is plugged into, as --list shows it.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash option-bytes backup" S serial' -s 'S' -l 'serial' -d 'The serial number; the second one counts in DFU mode.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash option-bytes backup" uid' -l 'uid' -d 'The unique ID of the chip, 24 hexadecimal digits or three words in quotation marks.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash option-bytes backup" devnum n' -s 'n' -l 'devnum' -d 'The device\'s address on its bus.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash option-bytes backup" c cfg configuration' -s 'c' -l 'configuration' -l 'cfg' -d 'The configuration; 0 is any.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash option-bytes backup" i interface intf' -s 'i' -l 'interface' -l 'intf' -d 'The interface.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash option-bytes backup" a alt altsetting' -s 'a' -l 'alt' -l 'altsetting' -d 'The alternate setting, by number or by name.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash option-bytes backup" t transfer-size' -s 't' -l 'transfer-size' -d 'Bytes per transfer, where the board\'s own figure is wrong or missing.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash option-bytes backup" bench' -l 'bench' -d 'Use the simulated boards of this file instead of USB, or those recorded in a trace (also: the environment variable DFUFLASH_BENCH).' -rF
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash option-bytes backup"' -s 'v' -l 'verbose' -d 'Say more, such as an old status that was cleared; -v -v shows every transfer, -v -v -v libusb\'s log too.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash option-bytes backup" trace' -l 'trace' -d 'Write every control transfer to this file, one line of JSON each; --bench replays it.' -rF
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash option-bytes backup" stats' -l 'stats' -d 'End with figures of transfers, bytes and times.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash option-bytes backup" w wait' -s 'w' -l 'wait' -d 'Wait for the board to appear; --wait=5 for 5 seconds at most.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash option-bytes backup" wait-seconds' -l 'wait-seconds' -d 'The same as --wait=seconds.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash option-bytes backup" chip' -l 'chip' -d 'The chip, where it cannot be told from what the board shows.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash option-bytes backup" version' -l 'version' -d 'Show the version.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash option-bytes backup" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_positional "dfuflash option-bytes restore" -eq 1' -F
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash option-bytes restore" d device' -s 'd' -l 'device' -d 'USB ids, hexadecimal; the second pair counts in DFU mode (also: the environment variable DFUFLASH_DEVICE).' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash option-bytes restore" p path' -s 'p' -l 'path' -d 'The port the board is plugged into, as --list shows it.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash option-bytes restore" S serial' -s 'S' -l 'serial' -d 'The serial number; the second one counts in DFU mode.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash option-bytes restore" uid' -l 'uid' -d 'The unique ID of the chip, 24 hexadecimal digits or three words in quotation marks.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash option-bytes restore" devnum n' -s 'n' -l 'devnum' -d 'The device\'s address on its bus.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash option-bytes restore" c cfg configuration' -s 'c' -l 'configuration' -l 'cfg' -d 'The configuration; 0 is any.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash option-bytes restore" i interface intf' -s 'i' -l 'interface' -l 'intf' -d 'The interface.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash option-bytes restore" a alt altsetting' -s 'a' -l 'alt' -l 'altsetting' -d 'The alternate setting, by number or by name.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash option-bytes restore" t transfer-size' -s 't' -l 'transfer-size' -d 'Bytes per transfer, where the board\'s own figure is wrong or missing.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash option-bytes restore" bench' -l 'bench' -d 'Use the simulated boards of this file instead of USB, or those recorded in a trace (also: the environment variable DFUFLASH_BENCH).' -rF
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash option-bytes restore"' -s 'v' -l 'verbose' -d 'Say more, such as an old status that was cleared; -v -v shows every transfer, -v -v -v libusb\'s log too.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash option-bytes restore" trace' -l 'trace' -d 'Write every control transfer to this file, one line of JSON each; --bench replays it.' -rF
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash option-bytes restore" stats' -l 'stats' -d 'End with figures of transfers, bytes and times.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash option-bytes restore" w wait' -s 'w' -l 'wait' -d 'Wait for the board to appear; --wait=5 for 5 seconds at most.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash option-bytes restore" wait-seconds' -l 'wait-seconds' -d 'The same as --wait=seconds.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash option-bytes restore" chip' -l 'chip' -d 'The chip, where it cannot be told from what the board shows.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash option-bytes restore" yes' -l 'yes' -d 'Do it without asking.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash option-bytes restore" force' -l 'force' -d 'Write option bytes that look wrong or raise protection, and images that cannot be started.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash option-bytes restore" permanently-lock-this-chip' -l 'permanently-lock-this-chip' -d 'Allow readout protection level 2: there is no way back.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash option-bytes restore" version' -l 'version' -d 'Show the version.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash option-bytes restore" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash chips" errata' -l 'errata' -d 'List the known faults of all bootloaders instead.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash chips" markdown' -l 'markdown' -d 'Print tables in Markdown.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash chips" version' -l 'version' -d 'Show the version.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash chips" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash inspect" board' -l 'board' -d 'Look whether it fits the connected board.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash inspect" json' -l 'json' -d 'Print JSON instead of text.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash inspect" address' -l 'address' -d 'Where a file without addresses belongs (0x08000000).' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash inspect" format' -l 'format' -d 'Read the file as raw, dfuse, dfu, hex, srec, elf or uf2, whatever it looks like.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash inspect" family' -l 'family' -d 'The chip family to take from a UF2 file: a name such as STM32F4, or its number.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash inspect" max-size' -l 'max-size' -d 'The most bytes the file may have, packed as well as unpacked (64M); K and M are understood.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash inspect" d device' -s 'd' -l 'device' -d 'USB ids, hexadecimal; the second pair counts in DFU mode (also: the environment variable DFUFLASH_DEVICE).' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash inspect" p path' -s 'p' -l 'path' -d 'The port the board is plugged into, as --list shows it.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash inspect" S serial' -s 'S' -l 'serial' -d 'The serial number; the second one counts in DFU mode.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash inspect" uid' -l 'uid' -d 'The unique ID of the chip, 24 hexadecimal digits or three words in quotation marks.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash inspect" devnum n' -s 'n' -l 'devnum' -d 'The device\'s address on its bus.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash inspect" c cfg configuration' -s 'c' -l 'configuration' -l 'cfg' -d 'The configuration; 0 is any.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash inspect" i interface intf' -s 'i' -l 'interface' -l 'intf' -d 'The interface.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash inspect" a alt altsetting' -s 'a' -l 'alt' -l 'altsetting' -d 'The alternate setting, by number or by name.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash inspect" t transfer-size' -s 't' -l 'transfer-size' -d 'Bytes per transfer, where the board\'s own figure is wrong or missing.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash inspect" bench' -l 'bench' -d 'Use the simulated boards of this file instead of USB, or those recorded in a trace (also: the environment variable DFUFLASH_BENCH).' -rF
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash inspect"' -s 'v' -l 'verbose' -d 'Say more, such as an old status that was cleared; -v -v shows every transfer, -v -v -v libusb\'s log too.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash inspect" trace' -l 'trace' -d 'Write every control transfer to this file, one line of JSON each; --bench replays it.' -rF
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash inspect" stats' -l 'stats' -d 'End with figures of transfers, bytes and times.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash inspect" version' -l 'version' -d 'Show the version.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash inspect" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_positional "dfuflash convert" -eq 1' -F
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash convert" to' -l 'to' -d 'The new file\'s format, where its name does not tell.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash convert" address' -l 'address' -d 'Where a file without addresses belongs.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash convert" fill' -l 'fill' -d 'Fill gaps with this byte (0xFF where there must be no gaps).' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash convert" vid' -l 'vid' -d 'USB vendor number for a .dfu file, hexadecimal.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash convert" pid' -l 'pid' -d 'USB product number for a .dfu file, hexadecimal.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash convert" device-version' -l 'device-version' -d 'Device version (bcdDevice) for a .dfu file, hexadecimal.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash convert" alt' -l 'alt' -d 'Of a .dfu file with several targets take this alternate setting\'s; else write this one.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash convert" name' -l 'name' -d 'The name of the target in a .dfu file.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash convert" format' -l 'format' -d 'Read the file as raw, dfuse, dfu, hex, srec, elf or uf2, whatever it looks like.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash convert" family' -l 'family' -d 'The chip family to take from a UF2 file: a name such as STM32F4, or its number.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash convert" max-size' -l 'max-size' -d 'The most bytes the file may have, packed as well as unpacked (64M); K and M are understood.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash convert" force' -l 'force' -d 'Replace the new file if it exists.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash convert" version' -l 'version' -d 'Show the version.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash convert" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash serial" memory-order' -l 'memory-order' -d 'The digits are bytes in the order of memory.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash serial" json' -l 'json' -d 'Print JSON instead of text.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash serial" version' -l 'version' -d 'Show the version.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash serial" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash doctor" bench' -l 'bench' -d 'Use the simulated boards of this file instead of USB, or those recorded in a trace (also: the environment variable DFUFLASH_BENCH).' -rF
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash doctor"' -s 'v' -l 'verbose' -d 'Say more, such as an old status that was cleared; -v -v shows every transfer, -v -v -v libusb\'s log too.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash doctor" trace' -l 'trace' -d 'Write every control transfer to this file, one line of JSON each; --bench replays it.' -rF
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash doctor" stats' -l 'stats' -d 'End with figures of transfers, bytes and times.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash doctor" d device' -s 'd' -l 'device' -d 'USB ids, hexadecimal; the second pair counts in DFU mode (also: the environment variable DFUFLASH_DEVICE).' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash doctor" p path' -s 'p' -l 'path' -d 'The port the board is plugged into, as --list shows it.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash doctor" S serial' -s 'S' -l 'serial' -d 'The serial number; the second one counts in DFU mode.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash doctor" uid' -l 'uid' -d 'The unique ID of the chip, 24 hexadecimal digits or three words in quotation marks.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash doctor" devnum n' -s 'n' -l 'devnum' -d 'The device\'s address on its bus.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash doctor" c cfg configuration' -s 'c' -l 'configuration' -l 'cfg' -d 'The configuration; 0 is any.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash doctor" i interface intf' -s 'i' -l 'interface' -l 'intf' -d 'The interface.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash doctor" report' -l 'report' -d 'Write all that a maintainer needs to know of one board into this new file. The board\'s memories are not changed; 16 bytes are read.' -rF
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash doctor" with-ids' -l 'with-ids' -d 'With --report: do not black out the serial number.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash doctor" json' -l 'json' -d 'Print JSON instead of text.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash doctor" install-udev' -l 'install-udev' -d 'Linux: install udev rules that let users open DFU devices.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash doctor" print-udev' -l 'print-udev' -d 'Print those udev rules.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash doctor" yes' -l 'yes' -d 'With --install-udev: do it without asking.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash doctor" version' -l 'version' -d 'Show the version.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash doctor" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash station" ports' -l 'ports' -d 'Look at these ports only, with commas between.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash station" jobs' -l 'jobs' -d 'How many boards at once; 0 is all.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash station" log' -l 'log' -d 'Append a line of JSON for each board to this file.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash station" on-pass' -l 'on-pass' -d 'Run this when a board has passed.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash station" on-fail' -l 'on-fail' -d 'Run this when a board has failed.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash station" count' -l 'count' -d 'End after so many boards.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash station" d device' -s 'd' -l 'device' -d 'USB ids, hexadecimal; the second pair counts in DFU mode (also: the environment variable DFUFLASH_DEVICE).' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash station" p path' -s 'p' -l 'path' -d 'The port the board is plugged into, as --list shows it.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash station" S serial' -s 'S' -l 'serial' -d 'The serial number; the second one counts in DFU mode.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash station" uid' -l 'uid' -d 'The unique ID of the chip, 24 hexadecimal digits or three words in quotation marks.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash station" devnum n' -s 'n' -l 'devnum' -d 'The device\'s address on its bus.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash station" c cfg configuration' -s 'c' -l 'configuration' -l 'cfg' -d 'The configuration; 0 is any.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash station" i interface intf' -s 'i' -l 'interface' -l 'intf' -d 'The interface.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash station" a alt altsetting' -s 'a' -l 'alt' -l 'altsetting' -d 'The alternate setting, by number or by name.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash station" t transfer-size' -s 't' -l 'transfer-size' -d 'Bytes per transfer, where the board\'s own figure is wrong or missing.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash station" bench' -l 'bench' -d 'Use the simulated boards of this file instead of USB, or those recorded in a trace (also: the environment variable DFUFLASH_BENCH).' -rF
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash station"' -s 'v' -l 'verbose' -d 'Say more, such as an old status that was cleared; -v -v shows every transfer, -v -v -v libusb\'s log too.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash station" trace' -l 'trace' -d 'Write every control transfer to this file, one line of JSON each; --bench replays it.' -rF
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash station" stats' -l 'stats' -d 'End with figures of transfers, bytes and times.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash station" no-verify' -l 'no-verify' -d 'Do not read back what was written.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash station" verify' -l 'verify' -d 'required: what cannot be read back is a failure.' -rfka 'required'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash station" full' -l 'full' -d 'Erase and write everything, even what is already right.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash station" no-preserve' -l 'no-preserve' -d 'Drop what shares a sector with the image but lies outside it.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash station" keep-vectors' -l 'keep-vectors' -d 'Leave the vector table\'s sector alone where it is right; an interrupted update may then start a mixture of two programs.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash station" dry-run' -l 'dry-run' -d 'Only say what would be done; change nothing.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash station" json' -l 'json' -d 'Print one line of JSON for each event instead of text.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash station" force' -l 'force' -d 'Write option bytes that look wrong or raise protection, and images that cannot be started.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash station" permanently-lock-this-chip' -l 'permanently-lock-this-chip' -d 'Allow readout protection level 2: there is no way back.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash station" allow-otp' -l 'allow-otp' -d 'Allow writing memory that can be programmed only once.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash station" poll' -l 'poll' -d 'Which poll times to believe: auto, spec (the device\'s), fast (ask at once).' -rfka 'auto spec fast'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash station" chip' -l 'chip' -d 'The chip, where it cannot be told from what the board shows.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash station" vdd' -l 'vdd' -d 'The supply voltage; from 2.7 V on F2, F4 and F7 chips program 32 bits at a time.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash station" format' -l 'format' -d 'Read the file as raw, dfuse, dfu, hex, srec, elf or uf2, whatever it looks like.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash station" family' -l 'family' -d 'The chip family to take from a UF2 file: a name such as STM32F4, or its number.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash station" max-size' -l 'max-size' -d 'The most bytes the file may have, packed as well as unpacked (64M); K and M are understood.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash station" address' -l 'address' -d 'Where a file without addresses belongs.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash station" no-leave' -l 'no-leave' -d 'Stay in DFU mode afterwards.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash station" relaunch' -l 'relaunch' -d 'Have the chip load its option bytes again instead of jumping: for chips that were blank.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash station" unprotect' -l 'unprotect' -d 'Lift readout protection first; it erases all of the chip\'s flash.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash station" version' -l 'version' -d 'Show the version.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash station" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_positional "dfuflash simulate" -ge 1' -fka 'f042 f072 f303 f107 f405 f429 f429-garbage f401 f411 f446 f722 f745 f767 f767-dual l072 l152 l412 l432 l432kb l433 l476 l496 l552 g431 g474 g0b1 g0b1-92 c071 u073 u083 wb55 u585 h563 c562 c5-openbl h743 h743-2000 h743-1003 h723 h7a3 h7a3-90 h7b0 gd32vf103 gd32vf103-0100 gd32h7 at32 at32f415 at32f435 apm32 x32 st-class st-class-erases-to-end mboot blackmagic-f103 libopencm3 uncounted plain11 freerunner simtrace lpclink tdk maple maple-old dapboot tinyusb xmos zephyr zephyr-2020 esp32s2 usbx uboot tiva mp15 mp25 n6 stlink camera apple-bluetooth usb-dac bluetooth'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash simulate" bench' -l 'bench' -d 'The bench (also: the environment variable DFUFLASH_BENCH).' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash simulate" replay' -l 'replay' -d 'Check and show a trace or a report of a board; --bench takes it in place of a bench.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash simulate" list-kinds' -l 'list-kinds' -d 'List the kinds of board there are.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash simulate" force' -l 'force' -d 'Replace a bench that exists.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash simulate" speed' -l 'speed' -d 'For a new bench: simulated seconds in a real one; without it waiting takes no time.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash simulate"' -l 'add' -d 'Add a board of this kind.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash simulate"' -l 'unplug' -d 'Pull a board\'s cable.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash simulate"' -l 'plug' -d 'Plug a board in.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash simulate"' -l 'boot0-low' -d 'Set a board\'s BOOT0 low.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash simulate"' -l 'boot0-high' -d 'Set a board\'s BOOT0 high.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash simulate"' -l 'press-reset' -d 'Press a board\'s reset button.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash simulate"' -l 'power-cycle' -d 'Take a board\'s power and give it back.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash simulate"' -l 'protect' -d 'Switch a board\'s readout protection to level 0, 1 or 2, without erasing.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash simulate"' -l 'load' -d 'Fill a board\'s memory from a file, as a debugger would.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash simulate" dump' -l 'dump' -d 'Print a board\'s memory as bytes on standard output.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash simulate" version' -l 'version' -d 'Show the version.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash simulate" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash dfu-util" d device' -s 'd' -l 'device' -d 'USB ids, hexadecimal; the second pair counts in DFU mode (also: the environment variable DFUFLASH_DEVICE).' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash dfu-util" p path' -s 'p' -l 'path' -d 'The port the board is plugged into, as --list shows it.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash dfu-util" S serial' -s 'S' -l 'serial' -d 'The serial number; the second one counts in DFU mode.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash dfu-util" uid' -l 'uid' -d 'The unique ID of the chip, 24 hexadecimal digits or three words in quotation marks.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash dfu-util" devnum n' -s 'n' -l 'devnum' -d 'The device\'s address on its bus.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash dfu-util" c cfg configuration' -s 'c' -l 'configuration' -l 'cfg' -d 'The configuration; 0 is any.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash dfu-util" i interface intf' -s 'i' -l 'interface' -l 'intf' -d 'The interface.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash dfu-util" a alt altsetting' -s 'a' -l 'alt' -l 'altsetting' -d 'The alternate setting, by number or by name.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash dfu-util" t transfer-size' -s 't' -l 'transfer-size' -d 'Bytes per transfer, where the board\'s own figure is wrong or missing.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash dfu-util" bench' -l 'bench' -d 'Use the simulated boards of this file instead of USB, or those recorded in a trace (also: the environment variable DFUFLASH_BENCH).' -rF
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash dfu-util"' -s 'v' -l 'verbose' -d 'Say more, such as an old status that was cleared; -v -v shows every transfer, -v -v -v libusb\'s log too.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash dfu-util" trace' -l 'trace' -d 'Write every control transfer to this file, one line of JSON each; --bench replays it.' -rF
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash dfu-util" stats' -l 'stats' -d 'End with figures of transfers, bytes and times.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash dfu-util" V print-version' -s 'V' -l 'print-version' -d 'Print the version.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash dfu-util" l list' -l 'list' -s 'l' -d 'List the connected DFU devices.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash dfu-util" detach e' -s 'e' -l 'detach' -d 'Detach a device whose application runs, and stop.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash dfu-util" E detach-delay' -s 'E' -l 'detach-delay' -d 'The longest to wait for the device to come back after detaching.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash dfu-util" U upload' -s 'U' -l 'upload' -d 'Read the device\'s memory into a new file; - is standard output.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash dfu-util" Z upload-size' -s 'Z' -l 'upload-size' -d 'How much to read.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash dfu-util" D download' -s 'D' -l 'download' -d 'Write a firmware file to the device; - is standard input.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash dfu-util" R reset' -s 'R' -l 'reset' -d 'Reset the device once done.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash dfu-util" dfuse-address s' -s 's' -l 'dfuse-address' -d 'The address, and modifiers: force, leave, unprotect, mass-erase, will-reset, fast, or a length.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash dfu-util" w wait' -s 'w' -l 'wait' -d 'Wait for the board to appear; --wait=5 for 5 seconds at most.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash dfu-util" wait-seconds' -l 'wait-seconds' -d 'The same as --wait=seconds.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash dfu-util" no-verify' -l 'no-verify' -d 'Do not read back what was written.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash dfu-util" verify' -l 'verify' -d 'required: what cannot be read back is a failure.' -rfka 'required'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash dfu-util" full' -l 'full' -d 'Erase and write everything, even what is already right.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash dfu-util" no-preserve' -l 'no-preserve' -d 'Drop what shares a sector with the image but lies outside it.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash dfu-util" keep-vectors' -l 'keep-vectors' -d 'Leave the vector table\'s sector alone where it is right; an interrupted update may then start a mixture of two programs.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash dfu-util" dry-run' -l 'dry-run' -d 'Only say what would be done; change nothing.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash dfu-util" json' -l 'json' -d 'Print one line of JSON for each event instead of text.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash dfu-util" force' -l 'force' -d 'Write option bytes that look wrong or raise protection, and images that cannot be started.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash dfu-util" permanently-lock-this-chip' -l 'permanently-lock-this-chip' -d 'Allow readout protection level 2: there is no way back.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash dfu-util" allow-otp' -l 'allow-otp' -d 'Allow writing memory that can be programmed only once.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash dfu-util" poll' -l 'poll' -d 'Which poll times to believe: auto, spec (the device\'s), fast (ask at once).' -rfka 'auto spec fast'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash dfu-util" chip' -l 'chip' -d 'The chip, where it cannot be told from what the board shows.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash dfu-util" vdd' -l 'vdd' -d 'The supply voltage; from 2.7 V on F2, F4 and F7 chips program 32 bits at a time.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash dfu-util" format' -l 'format' -d 'Read the file as raw, dfuse, dfu, hex, srec, elf or uf2, whatever it looks like.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash dfu-util" family' -l 'family' -d 'The chip family to take from a UF2 file: a name such as STM32F4, or its number.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash dfu-util" max-size' -l 'max-size' -d 'The most bytes the file may have, packed as well as unpacked (64M); K and M are understood.' -rfka ''
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash dfu-util" version' -l 'version' -d 'Show the version.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash dfu-util" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'dfuflash' -n '__dfuflash_should_offer_completions_for_flags_or_options "dfuflash help" version' -l 'version' -d 'Show the version.'
