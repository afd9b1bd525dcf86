public import DFUCore

/// Something that was found. What a person is told of it is the program's to
/// say.
public struct Finding: Hashable, Sendable {
  /// How bad it is.
  public enum Severity: String, Hashable, Sendable, CaseIterable {
    /// Flashing will not work.
    case problem
    /// It may not work, or hit the wrong board.
    case warning
    /// Good to know; counts as healthy.
    case note
  }

  /// What was found.
  public enum Matter: Hashable, Sendable {
    /// The system shows no USB device at all.
    case noUSB
    /// None of this many USB devices speaks DFU.
    case noBoard(devices: Int)
    /// Nothing speaks DFU, but a device is there that people mistake for a
    /// board in DFU mode.
    case onlyOther(KnownDevice, DeviceDescriptor)
    /// This file of rules is of another version of dfuflash.
    case otherRules(file: String)
    /// Several boards are in DFU mode; their port paths.
    case severalBoards([String])
    /// Boards show the same serial number; their port paths.
    case equalSerials(String, [String])
    /// It is about one device.
    case device(DeviceMatter)
  }

  /// What was found of one device.
  public enum DeviceMatter: Hashable, Sendable {
    /// The user may not open it.
    case noAccess(DeviceDescriptor, DeviceNode?, Denial)
    /// Its DFU interface speaks something else; what.
    case otherProtocol(DeviceDescriptor, String)
    /// Other programs have its interface.
    case busy([ProcessName])
    /// A driver of the kernel has its interface.
    case driverBound(BoundDriver)
    /// It left the bus while it was looked at.
    case gone
    /// It stalls requests that it must know.
    case stalls
    /// It could not be opened or claimed.
    case noAnswer(USBError.Code)
    /// It did not answer as it should.
    case failed(DFUError)
    /// It waits in dfuERROR.
    case inError(DFUStatusReport?)
    /// It is in the middle of a transfer.
    case transferUnderWay(DFUState)
    /// It is on the bus at low speed.
    case lowSpeed
    /// It has a DFU interface that nobody means.
    case unrelatedDevice(name: String)
    /// Its program runs, and can be sent to DFU mode.
    case running(name: String)
    /// It is about the chip.
    case chip(ChipMatter)
  }

  /// What was found of a chip and its bootloader.
  public enum ChipMatter: Hashable, Sendable {
    /// The flash cannot be read.
    case readProtected
    /// The flash is blank, which the bootloader remembers until it is powered
    /// again.
    case blankFlash
    /// An alternate setting's layout cannot be trusted.
    case brokenLayout(AlternateSetting, MemoryMapError)
    /// Something stands after an alternate setting's layout that is no text.
    case cutOffLayout(AlternateSetting)
    /// There is no DFU functional descriptor.
    case noFunctionalDescriptor
    /// The layout is known to be wrong on this chip.
    case wrongLayout(chip: String)
    /// An erratum that a USB hub between computer and board avoids.
    case needsHub(Erratum)
    /// An erratum that matters when the board is not found or a transfer fails.
    case erratum(Erratum)
    /// The serial number is that of many boards; the reason.
    case constantSerial(String)
  }

  /// Why a device may not be opened.
  public enum Denial: Hashable, Sendable {
    /// The tag of the rule in this file is set too late to count.
    case ruleTooLate(file: String)
    /// The rule in this file has not been applied to the device.
    case ruleNotApplied(file: String)
    /// No udev rule is about the device.
    case noRule
    /// The system has no udev.
    case noUdev
  }

  /// An erratum of a bootloader.
  public struct Erratum: Hashable, Sendable {
    /// What a person should know.
    public var sentence: String
    /// The chip; `nil` where it is not known.
    public var chip: String?
    /// Whether the chip has it for certain.
    public var isCertain: Bool
  }

  /// How bad it is.
  public var severity: Severity
  /// The port path of the device it is about; `nil` for the system.
  public var path: String?
  /// What was found.
  public var matter: Matter

  init(_ severity: Severity, _ matter: Matter) {
    self.severity = severity
    self.matter = matter
  }

  init(_ severity: Severity, _ path: String, _ matter: DeviceMatter) {
    self.init(severity, .device(matter))
    self.path = path
  }
}
