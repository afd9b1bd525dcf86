import DFUCore

/// What `inspect` tells of a firmware file.
struct FirmwareReport {
  /// An image of the file with what is worked out of it.
  struct Image {
    /// The alternate setting it is for, and its name.
    var alternate: UInt8?
    var name: String?
    /// The UF2 family it is for.
    var family: UInt32?
    var image: FirmwareImage
    /// Of its bytes in the order of their addresses, gaps left out.
    var sha256: String
    /// Its program's vector table.
    var vectors: VectorTable?
    /// What is wrong with it.
    var problems: [String]
    /// The chip families it fits.
    var fits: [ChipFit]
  }

  /// Whether it fits a board.
  enum BoardFit {
    case fits(SelectedBoard, [JobFirmware.Share])
    case problem(String)
  }

  let path: String
  let file: FirmwareFile
  /// Where a file without addresses is taken to belong, as nobody said.
  let assumedAddress: UInt32?
  let images: [Image]
  var board: BoardFit?

  /// - Parameters:
  ///   - address: where a file without addresses belongs.
  ///   - isAssumed: whether nobody said so.
  init(
    _ file: FirmwareFile, path: String, address: UInt32, isAssumed: Bool
  ) throws(FirmwareError) {
    self.path = path
    self.file = file
    assumedAddress = !file.format.hasAddresses && isAssumed ? address : nil
    if file.families.contains(where: { $0.id != nil }) {
      images = file.families.map { Image($0.image, family: $0.id) }
    } else if file.targets.isEmpty {
      images = [Image(try file.image(at: address))]
    } else {
      images = file.targets.map {
        Image($0.image, alternate: $0.alternate, name: $0.name)
      }
    }
  }
}

extension FirmwareReport.Image {
  fileprivate init(
    _ image: FirmwareImage, alternate: UInt8? = nil, name: String? = nil,
    family: UInt32? = nil
  ) {
    var digest = SHA256()
    for segment in image.segments { digest.update(segment.bytes.span) }
    // The first that makes sense at the start of a segment, or else what
    // stands at the image's start.
    let tables = image.segments.prefix(16).compactMap {
      VectorTable(in: image, at: $0.address)
    }
    let table =
      tables.first { $0.problems(in: image).isEmpty } ?? tables.first
    let problems = table?.problems(in: image) ?? []
    self.init(
      alternate: alternate, name: name, family: family, image: image,
      sha256: digest.digest.map { hex($0, 2, uppercase: false) }.joined(),
      vectors: table, problems: problems.map(\.description),
      fits: ChipFit.all(
        for: image, vectors: problems.isEmpty ? table : nil,
        uf2Family: family))
  }

  var familyName: String? { family.flatMap(UF2Family.name(of:)) }
}

/// Equal sectors that lie side by side.
struct SectorRun {
  var address: UInt32
  var count: Int
  var size: Int

  static func all(_ sectors: [Sector]) -> [SectorRun] {
    var runs: [SectorRun] = []
    var end: UInt64?
    for sector in sectors {
      if let last = runs.indices.last, runs[last].size == sector.size,
        end == UInt64(sector.address)
      {
        runs[last].count += 1
      } else {
        runs.append(
          SectorRun(address: sector.address, count: 1, size: sector.size))
      }
      end = sector.end
    }
    return runs
  }
}

// MARK: - For programs

extension FirmwareReport {
  /// The report as JSON shows it (docs/schema/inspect.json).
  var json: JSONObject {
    var object: JSONObject = [
      "schema": "dfuflash-inspect", "version": 1, "path": path,
      "format": file.format.rawValue, "hasAddresses": file.format.hasAddresses,
      "assumedAddress": assumedAddress, "suffix": file.suffix?.json,
      "entryPoint": file.entryPoint, "header": file.header,
      "images": images.map(\.json),
      "warnings": file.warnings.map(\.description), "board": board?.json,
    ]
    switch file.container {
    case .gzip: object["container"] = "gzip"
    case .zip(let entry):
      object["container"] = "zip"
      object["entry"] = entry
    case nil: break
    }
    return object
  }
}

extension DFUSuffix {
  fileprivate var json: JSONObject {
    [
      "vendor": hex(vendor, 4, uppercase: false),
      "product": hex(product, 4, uppercase: false),
      "deviceVersion": hex(deviceVersion, 4, uppercase: false),
      "dfuVersion": hex(dfuVersion, 4, uppercase: false), "crc": hex(crc),
    ]
  }
}

extension FirmwareReport.Image {
  fileprivate var json: JSONObject {
    [
      "alternate": alternate, "name": name, "family": family.map { hex($0) },
      "familyName": familyName, "length": image.byteCount, "sha256": sha256,
      "segments": image.segments.map { segment -> JSONObject in
        [
          "address": segment.address, "length": segment.bytes.count,
          "crc32": segment.crc32,
        ]
      },
      "vectors": vectors.map { table -> JSONObject in
        [
          "address": table.address,
          "initialStackPointer": table.initialStackPointer,
          "resetVector": table.resetVector, "problems": problems,
        ]
      },
      "fits": fits.map { fit -> JSONObject in
        [
          "family": fit.family.name, "parts": fit.family.title,
          "flashSize": fit.flashSize,
        ]
      },
    ]
  }
}

extension FirmwareImage.Segment {
  /// As `crc32` and zip show it.
  var crc32: String { hex(CRC32(of: bytes).checksum) }
}

extension FirmwareReport.BoardFit {
  fileprivate var json: JSONObject {
    switch self {
    case .problem(let text):
      ["fits": false, "problem": text, "memories": [String]()]
    case .fits(let selected, let shares):
      [
        "fits": true, "board": selected.board.label,
        "chip": BoardKnowledge(selected).identification.summary,
        "memories": shares.map { share -> JSONObject in
          [
            "alternate": share.memory.alternate.number,
            "name": share.memory.map.name,
            "sectors": SectorRun.all(share.sectors).map { run -> JSONObject in
              [
                "address": run.address, "count": run.count, "size": run.size,
              ]
            },
          ]
        },
      ]
    }
  }
}
