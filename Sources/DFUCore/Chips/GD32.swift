extension ChipFamily {
  static let gd32: [ChipFamily] = [
    ChipFamily(
      "GD32VF103", "GigaDevice GD32VF103",
      Fingerprint(
        .gigaDevice,
        [.pages(2 << 10, [1024]), .pages(1 << 10, [16, 32, 64, 128])]),
      writeAlignment: 4
    ).with {
      $0.fingerprint.sizeInSerial = true
      $0.ram = [sram(32)]
      $0.startsWithStackPointer = false
      $0.errata = [
        BootloaderErratum(
          "this bootloader shows 512 pages of 2 KB whatever the part; the size "
            + "is taken from its serial number, the pages are 1 KB",
          when: [.sectorsOtherThan(1 << 10)], [.flashFromSerial], on: .write,
          source: Source("field reports"))
      ]
      $0.uf2Families = [0x9AF0_3E33]
      $0.notes = ["it leaves without answering the last GETSTATUS"]
    },
    ChipFamily(
      "GD32H7", "GigaDevice GD32H7",
      Fingerprint(.gigaDevice, [.pages(4 << 10, [3840])]), writeAlignment: 8
    ).with { $0.serial = .constant(["GD32H7"]) },
  ]
}

extension USBIdentifier {
  /// GigaDevice's bootloader.
  public static let gigaDevice = USBIdentifier(0x28E9, 0x0189)
}
