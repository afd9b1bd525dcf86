/// A family of chips that an image fits.
public struct ChipFit: Hashable, Sendable {
  /// The family.
  public var family: ChipFamily
  /// The size in bytes of its smallest part whose flash the image fits.
  public var flashSize: Int

  /// The families that an image fits, in the table's order.
  ///
  /// An image fits where all of it lies in the flash, in the option bytes or
  /// in RAM, something of it in the flash, and where its vector table,
  /// `vectors`, points into the family's RAM. A file that names families
  /// itself (UF2) fits those.
  ///
  /// - Parameters:
  ///   - image: what is to be flashed.
  ///   - vectors: its vector table, if that makes sense.
  ///   - uf2Family: the family ID that the file names; unknown ones do not
  ///     count.
  public static func all(
    for image: FirmwareImage, vectors: VectorTable? = nil,
    uf2Family: UInt32? = nil, among families: [ChipFamily] = ChipFamily.all
  ) -> [ChipFit] {
    let isKnown =
      uf2Family.map { id in
        families.contains { $0.uf2Families.contains(id) }
      } ?? false
    return families.compactMap { family in
      if let uf2Family, isKnown, !family.uf2Families.contains(uf2Family) {
        return nil
      }
      if let vectors {
        // What begins like a Cortex-M's program is none for another core.
        guard
          family.isPlausibleStackPointer(vectors.initialStackPointer)
            ?? family.startsWithStackPointer
        else { return nil }
      }
      return family.fit(image)
    }
  }
}

extension ChipFamily {
  /// How an image fits; `nil` when it does not.
  fileprivate func fit(_ image: FirmwareImage) -> ChipFit? {
    let elsewhere = fingerprint.optionBytes.flatMap { $0 } + ram
    var top: UInt64 = 0
    for segment in image.segments {
      if segment.address >= flashStart,
        !elsewhere.contains(where: { $0.contains(segment.address) })
      {
        top = max(top, segment.end)
      } else if !elsewhere.contains(where: {
        $0.contains(segment.address) && segment.end <= $0.end
      }) {
        return nil
      }
    }
    guard top > 0 else { return nil }
    let needed = top - UInt64(flashStart)
    let sizes = fingerprint.flash.flatMap(\.totals)
    return sizes.filter { UInt64($0) >= needed }.min().map {
      ChipFit(family: self, flashSize: $0)
    }
  }
}
