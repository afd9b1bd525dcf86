import DFUCore

// What a board tells the host about itself (USB 2.0, chapter 9).
extension BoardCore {
  /// The identity that shows on the bus now.
  var identity: USBIdentity {
    if mode == .application, let application { return application.usb }
    return profile.usb
  }

  var serialText: String? {
    if mode == .dfu, device.quirks.contains(.hidesSerial) { return nil }
    if let serialOverride { return serialOverride }
    if case .eightBit(let text) = identity.serial { return text }
    if quirks.serialChanges, mode == .dfu {
      let words = uniqueID.words
      return ChipID(words.0 &+ powerCycles, words.1, words.2).foldedSerial
    }
    return identity.serial.text(uniqueID)
  }

  /// The raw descriptor for a `wValue`, `nil` where the device stalls.
  func rawDescriptor(_ value: UInt16) -> [UInt8]? {
    switch value >> 8 {
    case 1: deviceDescriptor
    case 2: value & 0xFF == 0 ? configurationDescriptor : nil
    case 3: stringDescriptor(Int(value & 0xFF))
    case 0x21: functionalOnRequest
    default: nil
    }
  }

  private var functionalOnRequest: [UInt8]? {
    let functional =
      mode == .application ? application?.functional : profile.functional
    guard let functional, functional.place != .missing else { return nil }
    return functional.bytes
  }

  private var deviceDescriptor: [UInt8] {
    let usb = identity
    var bytes: [UInt8] = [18, 1]
    bytes += usb.usbVersion.littleEndianBytes
    bytes += [0, 0, 0, usb.maxPacketSize0]
    bytes +=
      usb.vendor.littleEndianBytes + usb.product.littleEndianBytes
      + usb.deviceVersion.littleEndianBytes
    bytes += [
      usb.manufacturer == nil ? 0 : 1, usb.productName == nil ? 0 : 2,
      serialText == nil ? 0 : 3, 1,
    ]
    return bytes
  }

  private var configurationDescriptor: [UInt8] {
    var body: [UInt8] = []
    var interfaces: UInt8 = 1
    if mode == .application {
      guard let application else { return [] }
      // Interfaces that do something else come first, as on real devices.
      for number in 0..<application.interface {
        body += [9, 4, number, 0, 0, 0xFF, 0, 0, 0]
      }
      if let functional = application.functional {
        body += [
          9, 4, application.interface, 0, 0, 0xFE, 1,
          application.interfaceProtocol, application.name == nil ? 0 : 4,
        ]
        body += functional.bytes
      } else {
        body += [9, 4, application.interface, 0, 0, 0xFF, 0, 0, 0]
      }
      interfaces = application.interface &+ 1
    } else {
      body = loaderInterfaces
    }
    let total = UInt16(clamping: 9 + body.count)
    return [9, 2] + total.littleEndianBytes + [interfaces, 1, 0, 0xC0, 50]
      + body
  }

  private var loaderInterfaces: [UInt8] {
    let functional = profile.functional
    var body: [UInt8] = []
    if functional.place == .afterConfiguration { body += functional.bytes }
    for (index, alternate) in alternates.enumerated() {
      let string = alternate.name == nil ? 0 : UInt8(clamping: 4 + index)
      body += [
        9, 4, profile.interface, UInt8(clamping: index), 0, 0xFE, 1,
        profile.interfaceProtocol, string,
      ]
      let isLast = index == alternates.count - 1
      if functional.place == .afterEveryAlternate
        || (isLast && functional.place == .afterLastAlternate)
      {
        body += functional.bytes
      }
    }
    return body
  }

  private func stringDescriptor(_ index: Int) -> [UInt8]? {
    switch index {
    case 0: return [4, 3, 0x09, 0x04]
    case 1: return identity.manufacturer.map { encoded($0) }
    case 2: return identity.productName.map { encoded($0) }
    case 3: return serialDescriptor
    default:
      if mode == .application {
        return index == 4 ? application?.name.map { encoded($0) } : nil
      }
      if isChip, index == Int(messageString) {
        return quirks.errorMessage.map { encoded($0) }
      }
      guard alternates.indices.contains(index - 4) else { return nil }
      let alternate = alternates[index - 4]
      return alternate.name.map {
        encoded($0, excess: alternate.excessLength)
      }
    }
  }

  private var serialDescriptor: [UInt8]? {
    guard let text = serialText else { return nil }
    guard case .eightBit = identity.serial else { return encoded(text) }
    return [UInt8(clamping: 2 + text.utf8.count), 3] + Array(text.utf8)
  }

  private func encoded(_ text: String, excess: UInt8 = 0) -> [UInt8] {
    let units = Array(text.utf16.prefix(126))
    return [UInt8(2 + units.count * 2) &+ excess, 3]
      + units.flatMap(\.littleEndianBytes)
  }

  // MARK: - Requests

  /// Answers any request; the board is on the bus. Never more than `length`
  /// bytes.
  mutating func respond(
    _ setup: ControlSetup, _ data: [UInt8], length: UInt16
  ) -> Step {
    if isMute { return .wait(until: now + .seconds(3_600)) }
    let step: Step =
      switch setup.requestType & 0x60 {
      case 0x20: respondClass(setup, data, length: length)
      case 0x00: respondStandard(setup, length: length)
      default: .stall
      }
    guard case .answer(.data(let bytes)) = step, bytes.count > Int(length)
    else { return step }
    return .answer(.data(Array(bytes.prefix(Int(length)))))
  }

  private mutating func respondClass(
    _ setup: ControlSetup, _ data: [UInt8], length: UInt16
  ) -> Step {
    let reads = [2, 3, 5].contains(setup.request)
    guard setup.requestType == (reads ? 0xA1 : 0x21) else { return .stall }
    if mode == .application {
      guard let application, setup.index == UInt16(application.interface)
      else { return .stall }
      return answerRuntime(setup, application)
    }
    guard setup.index == UInt16(profile.interface) else { return .stall }
    if setup.request == 3, now < quietUntil {
      log.earlyPolls += 1
    }
    return isChip
      ? answerChip(setup, data, length: length)
      : answerPlain(setup, data, length: length)
  }

  private mutating func respondStandard(
    _ setup: ControlSetup, length: UInt16
  ) -> Step {
    if mode == .dfu, let operation = chip.operation {
      switch rom.busyAnswer {
      case .nak: return .wait(until: operation.end)
      case .noHandshake: return .answer(.transferError)
      case .stall, .busy: break
      }
    }
    switch (setup.requestType, setup.request) {
    case (0x80, 6), (0x81, 6):
      if profile.functional.isSilentOnRequest, setup.value >> 8 == 0x21 {
        return .wait(until: now + .seconds(3_600))
      }
      if profile.stringsStallOnce, setup.value >> 8 == 3,
        stalledStrings.insert(setup.value).inserted
      {
        return .stall
      }
      guard let bytes = rawDescriptor(setup.value) else { return .stall }
      return .answer(.data(bytes))
    case (0x80, 0): return .answer(.data([1, 0]))
    case (0x81, 0), (0x82, 0):
      return .answer(.data([0, 0]))
    case (0x80, 8): return .answer(.data([configuration]))
    case (0x00, 9):
      guard setup.value <= 1 else { return .stall }
      configuration = UInt8(setup.value)
      alternate = 0
      return .done
    case (0x81, 10): return .answer(.data([alternate]))
    case (0x01, 11): return setInterface(setup)
    case (0x00, 1), (0x01, 1), (0x02, 1), (0x00, 3), (0x00, 5):
      return .done
    default: return .stall
    }
  }

  private mutating func setInterface(_ setup: ControlSetup) -> Step {
    let isKnown: Bool =
      if mode == .application {
        setup.value == 0 && setup.index <= UInt16(application?.interface ?? 0)
      } else {
        setup.index == UInt16(profile.interface)
          && Int(setup.value) < alternates.count
      }
    guard isKnown else { return .stall }
    alternate = UInt8(setup.value)
    if mode == .dfu, device.quirks.contains(.setInterfaceResets) {
      dfuState = 2
      dfuStatus = 0
    }
    return .done
  }
}

extension ChipID {
  /// The serial number that most ROMs show for this ID.
  public var foldedSerial: String { SerialRule.folded.text(self) ?? "" }
}
