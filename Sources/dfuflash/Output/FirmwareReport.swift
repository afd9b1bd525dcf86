import DFUCore

/// What `inspect` tells of a firmware file, as its JSON has it
/// (docs/schema/inspect.json).
struct FirmwareReport: Encodable {
  struct Segment: Encodable {
    var address: UInt32
    var length: Int
    /// As `crc32` and zip show it.
    var crc32: String
  }

  struct Vectors: Encodable {
    var address: UInt32
    var initialStackPointer: UInt32
    var resetVector: UInt32
    var problems: [String]
  }

  struct Fit: Encodable {
    var family: String
    var parts: String
    /// The smallest part's flash, bytes.
    var flashSize: Int
  }

  /// An image: for one alternate setting, or for one chip family.
  struct Image: Encodable {
    var alternate: UInt8?
    var name: String?
    var family: String?
    var familyName: String?
    var length: Int
    /// Of its bytes in the order of their addresses, gaps left out.
    var sha256: String
    var segments: [Segment]
    var vectors: Vectors?
    var fits: [Fit]
  }

  struct Suffix: Encodable {
    var vendor: String
    var product: String
    var deviceVersion: String
    var dfuVersion: String
    var crc: String
  }

  struct Sectors: Encodable {
    var address: UInt32
    var count: Int
    var size: Int
  }

  struct MemoryFit: Encodable {
    var alternate: UInt8
    var name: String
    /// The sectors that are touched, equal neighbours together.
    var sectors: [Sectors]

    init(_ memory: BoardMemory, _ touched: [Sector]) {
      alternate = memory.alternate.number
      name = memory.map.name
      sectors = []
      var end: UInt64?
      for sector in touched {
        if let last = sectors.indices.last, sectors[last].size == sector.size,
          end == UInt64(sector.address)
        {
          sectors[last].count += 1
        } else {
          sectors.append(
            Sectors(address: sector.address, count: 1, size: sector.size))
        }
        end = sector.end
      }
    }
  }

  struct BoardFit: Encodable {
    var board: String?
    var chip: String?
    var fits: Bool
    var problem: String?
    var memories: [MemoryFit] = []
  }

  let schema = "dfuflash-inspect"
  let version = 1
  var path: String
  var container: String?
  var entry: String?
  var format: String
  var hasAddresses: Bool
  /// Where a file without addresses is taken to belong.
  var assumedAddress: UInt32?
  var suffix: Suffix?
  var entryPoint: UInt32?
  var header: String?
  var images: [Image]
  var warnings: [String]
  var board: BoardFit?

  /// - Parameters:
  ///   - address: where a file without addresses belongs.
  ///   - isAssumed: whether nobody said so.
  init(
    _ file: FirmwareFile, path: String, address: UInt32, isAssumed: Bool
  ) throws(FirmwareError) {
    self.path = path
    switch file.container {
    case .gzip: container = "gzip"
    case .zip(let entry):
      container = "zip"
      self.entry = entry
    case nil: break
    }
    format = file.format.rawValue
    hasAddresses = file.format.hasAddresses
    assumedAddress = !file.format.hasAddresses && isAssumed ? address : nil
    suffix = file.suffix.map {
      Suffix(
        vendor: hex($0.vendor, 4, uppercase: false),
        product: hex($0.product, 4, uppercase: false),
        deviceVersion: hex($0.deviceVersion, 4, uppercase: false),
        dfuVersion: hex($0.dfuVersion, 4, uppercase: false), crc: hex($0.crc))
    }
    entryPoint = file.entryPoint
    header = file.header
    warnings = file.warnings.map(\.description)
    if file.families.contains(where: { $0.id != nil }) {
      images = file.families.map { family in
        var image = Image(family.image, uf2Family: family.id)
        image.family = family.id.map { hex($0) }
        image.familyName = family.name
        return image
      }
    } else if file.targets.isEmpty {
      images = [Image(try file.image(at: address))]
    } else {
      images = file.targets.map { target in
        var image = Image(target.image)
        image.alternate = target.alternate
        image.name = target.name
        return image
      }
    }
  }
}

extension FirmwareReport.Image {
  fileprivate init(_ image: FirmwareImage, uf2Family: UInt32? = nil) {
    var digest = SHA256()
    for segment in image.segments { digest.update(segment.bytes.span) }
    let table = Self.vectorTable(of: image)
    let problems = table?.problems(in: image) ?? []
    self.init(
      length: image.byteCount,
      sha256: digest.digest.map { hex($0, 2, uppercase: false) }.joined(),
      segments: image.segments.map {
        FirmwareReport.Segment(
          address: $0.address, length: $0.bytes.count,
          crc32: hex(CRC32(of: $0.bytes).checksum))
      },
      vectors: table.map {
        FirmwareReport.Vectors(
          address: $0.address, initialStackPointer: $0.initialStackPointer,
          resetVector: $0.resetVector, problems: problems.map(\.description))
      },
      fits: ChipFit.all(
        for: image, vectors: problems.isEmpty ? table : nil,
        uf2Family: uf2Family
      ).map {
        FirmwareReport.Fit(
          family: $0.family.name, parts: $0.family.title,
          flashSize: $0.flashSize)
      })
  }

  /// The table of the program in an image: the first that makes sense at the
  /// start of a segment, or else what stands at the image's start.
  private static func vectorTable(of image: FirmwareImage) -> VectorTable? {
    let tables = image.segments.prefix(16).compactMap {
      VectorTable(in: image, at: $0.address)
    }
    return tables.first { $0.problems(in: image).isEmpty } ?? tables.first
  }
}
