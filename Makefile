# dfuflash: `make demo` to see it work, `make test` to test it.

SWIFT ?= swift
PREFIX ?= /usr/local
PROGRAM ?= .build/release/dfuflash
UDEVDIR ?= $(PREFIX)/lib/udev/rules.d
ZSHDIR ?= $(PREFIX)/share/zsh/site-functions
# The one place of the version is the program's source.
VERSION := $(shell sed -n 's/^let version = "\(.*\)"/\1/p' Sources/dfuflash/Main.swift)

# What is packaged bears the date of the last commit.
export SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct 2>/dev/null || echo 0)
PACKAGES = .build/packages

# The Swift library, zlib and the C++ runtime inside the program, symbols and
# what nobody calls out: it runs where there is libc and libusb, and nothing
# else. scripts/static-flags says how the static libraries come before the others.
# Libraries are looked for where the system has them and nowhere else, and what
# was found cannot be changed later (full RELRO).
RELEASE_FLAGS = -c release -Xswiftc -Osize --static-swift-stdlib -Xlinker -s \
  --disable-local-rpath
ifeq ($(shell uname -s),Linux)
RELEASE_FLAGS += $(shell scripts/static-flags) -Xlinker -z -Xlinker now
RELEASE_ENVIRONMENT = PKG_CONFIG_PATH=$(CURDIR)/.build/static:$$PKG_CONFIG_PATH
endif

.PHONY: all setup release usbip-bench demo test lint map unit test-interop test-kernel test-kernel-short test-faults test-faults-quick test-properties test-soak test-sanitize fault-matrix fuzz bench install uninstall generate check-generated deb tarball sbom dist test-packages clean

all: release

setup:
	@scripts/setup

release: setup
	$(RELEASE_ENVIRONMENT) $(SWIFT) build $(RELEASE_FLAGS) --product dfuflash

# Serves simulated boards to a Linux kernel; for the tests on one, not installed.
# Their guest has libc and libusb alone, as what is released needs no more.
usbip-bench: setup
	$(RELEASE_ENVIRONMENT) $(SWIFT) build $(RELEASE_FLAGS) --product usbip-bench

demo: setup
	@$(SWIFT) build --product dfuflash
	@scripts/demo

test: lint unit test-faults-quick check-generated test-interop test-kernel

lint:
	$(SWIFT) format lint --strict -r Sources Tests Examples Package.swift
	scripts/check-links
	scripts/layers lint

# The folders of Sources with their sizes, and which uses which.
map:
	@scripts/layers map

unit: release
	@DFUFLASH=$(abspath $(PROGRAM)) SWIFT=$(SWIFT) scripts/unit

# dfu-util and dfuflash side by side on a real kernel: all rows and scripts.
test-kernel: release usbip-bench
	Tests/Kernel/run

# A few rows of it, for a first look.
test-kernel-short: release usbip-bench
	Tests/Kernel/run 'list, long option' 'list, nothing' 'QMK' 'already in dfuERROR' \
	  'upload of an odd length' 'no board' 'upload with -Z'

test-interop: release
	DFUFLASH=$(PROGRAM) Tests/Interop/run 4

# Every fault at every transfer of every operation, in virtual time; writes
# the table of docs/reliability.md.
test-faults: fault-matrix
	.build/release/fault-matrix --write docs/reliability.md

# Some of them.
test-faults-quick: fault-matrix
	.build/release/fault-matrix --every 23

# Boards, images, wishes and faults drawn by lot; SEED=1 repeats a run.
test-properties: fault-matrix
	.build/release/fault-matrix --random 10000 $(if $(SEED),--seed $(SEED))

# A station with eight ports and 10,000 boards, in virtual time.
test-soak: fault-matrix
	.build/release/fault-matrix --soak 10000 $(if $(SEED),--seed $(SEED))

# The unit tests of the library, under the address and the thread sanitizer.
test-sanitize: setup
	Tests/Sanitize/run address
	Tests/Sanitize/run thread

fault-matrix: setup
	$(RELEASE_ENVIRONMENT) $(SWIFT) build $(RELEASE_FLAGS) --product fault-matrix

fuzz: setup
	Fuzz/run

bench: release usbip-bench
	Benchmarks/files/run
	Benchmarks/run

# As root after `make release` as oneself: sudo make install
install:
	@test -x $(PROGRAM) || { echo "build first: make release" >&2; exit 1; }
	scripts/install-files "$(PROGRAM)" "$(DESTDIR)$(PREFIX)" \
	  "$(DESTDIR)$(ZSHDIR)" "$(DESTDIR)$(UDEVDIR)"

uninstall:
	rm -f "$(DESTDIR)$(PREFIX)/bin/dfuflash" \
	  "$(DESTDIR)$(PREFIX)/share/man/man1/dfuflash.1" \
	  "$(DESTDIR)$(PREFIX)/share/doc/dfuflash/THIRD-PARTY.txt" \
	  "$(DESTDIR)$(PREFIX)/share/bash-completion/completions/dfuflash" \
	  "$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/dfuflash.fish" \
	  "$(DESTDIR)$(ZSHDIR)/_dfuflash" "$(DESTDIR)$(UDEVDIR)/60-dfuflash.rules"

# Manual page, completions and udev rules, from the program.
generate: release
	DFUFLASH=$(PROGRAM) scripts/generate
	DFUFLASH=$(PROGRAM) scripts/record README.md

check-generated: release
	DFUFLASH=$(PROGRAM) scripts/generate check
	DFUFLASH=$(PROGRAM) scripts/record --check README.md

deb: release
	PROGRAM=$(PROGRAM) VERSION=$(VERSION) packaging/deb

tarball: release
	PROGRAM=$(PROGRAM) VERSION=$(VERSION) packaging/tarball

# What the program is made of: an SPDX document.
sbom: setup
	@mkdir -p $(PACKAGES)
	VERSION=$(VERSION) scripts/sbom > $(PACKAGES)/dfuflash-$(VERSION).spdx.json

# All that is released, with its sums.
dist: deb tarball sbom
	cd $(PACKAGES) && sha256sum dfuflash[-_]$(VERSION)[-_.]* > SHA256SUMS
	@cat $(PACKAGES)/SHA256SUMS

test-packages: dist
	VERSION=$(VERSION) Tests/Packaging/run

clean:
	rm -rf .build
