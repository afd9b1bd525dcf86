extension ChipFamily {
  static let f2: [ChipFamily] = [
    f4(
      "F2", "STM32F205, F207, F215, F217",
      [0, 1, 3, 5, 7].map { .f4($0) }, .f4("F2", sectors: 12, sprmod: false)
    ).with {
      // Like F4, which is the same flash and OTG core.
      $0.answersAreHeldBack = Source("the same as F4", .inferred)
      $0.ram = [sram(128)]
      $0.bootloaderID = 0x1FFF_77DE
      $0.optionBytes?.source = Source("RM0033", .unconfirmed)
      $0.uf2Families = [0x5D1A_0A2E]
      $0.notes = [.showsErasableOptions]
    }
  ]
}
