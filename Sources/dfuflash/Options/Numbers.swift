import ArgumentParser
import DFUCore

/// A number on the command line, written as in C: 10, 0x1F.
struct CNumber<Value: FixedWidthInteger>: ExpressibleByArgument {
  var value: Value

  init(_ value: Value) { self.value = value }

  init?(argument: String) {
    guard let number = UInt32(c: argument), let value = Value(exactly: number)
    else { return nil }
    self.value = value
  }

  var defaultValueDescription: String { "\(value)" }
}

/// An address, or a length in bytes.
typealias Address = CNumber<UInt32>

/// Where a file without addresses belongs when nobody says so: internal flash.
let usualAddress: UInt32 = 0x0800_0000

/// A 16-bit number of USB, hexadecimal with or without 0x.
struct USBNumber: ExpressibleByArgument {
  var value: UInt16

  init?(argument: String) {
    let text = argument.lowercased()
    let digits = text.hasPrefix("0x") ? text.dropFirst(2) : text[...]
    guard
      let number = UInt32(plain: digits, radix: 16),
      let value = UInt16(exactly: number)
    else { return nil }
    self.value = value
  }
}

/// A port path, such as 1-4.1. Nobody can say of a port that it does not exist,
/// but one that is misspelt would be waited at for ever.
struct PortArgument: ExpressibleByArgument {
  var value: String

  init?(argument: String) {
    guard PortPath(argument) != nil else { return nil }
    value = argument
  }
}

/// Port paths with commas between.
struct PortList: ExpressibleByArgument {
  var values: Set<String>

  init?(argument: String) {
    let paths = argument.split(separator: ",", omittingEmptySubsequences: false)
      .map { String($0.drop { $0 == " " }) }
    guard paths.allSatisfy({ PortPath($0) != nil }) else { return nil }
    values = Set(paths)
  }
}
