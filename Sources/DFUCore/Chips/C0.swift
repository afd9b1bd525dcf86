extension ChipFamily {
  static let c0: [ChipFamily] = [
    g0Style(
      "C071", "STM32C071", .pages(2 << 10, [64, 128]),
      .g0(
        "C071", factory: 0xFFFF_FEAA,
        widths: AreaWidths(code: 8, write: 6, secure: 6), twoBanks: false,
        user: g0Full + flags(["HSE_NOT_REMAPPED": 21, "SECURE_MUXING": 23]),
        Source("RM0490", .inferred))
    ).with {
      $0.uniqueID = .words(at: 0x1FFF_7550)
      $0.ram = [sram(24)]
      $0.bootloaderID = 0x1FFF_67FE
      $0.reconnectTime = 552
      $0.errata = [.clearsEmptyFlag([.bootloader([0xD1])])]
    }
  ]
}
