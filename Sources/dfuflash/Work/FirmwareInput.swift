import DFUCore

/// A firmware file, read, and where its parts belong.
struct FirmwareInput {
  /// One memory's share.
  struct Part {
    /// The alternate setting the file asks for.
    var alternate: UInt8?
    var image: FirmwareImage
  }

  var path: String
  var file: FirmwareFile

  /// Reads and checks a file.
  init(
    _ path: String, format: FirmwareFormat? = nil
  ) throws(ToolFailure) {
    self.path = path
    let bytes = try Files.read(path)
    do throws(FirmwareError) {
      file = try FirmwareFile(reading: bytes, format: format)
    } catch {
      throw Self.failure(path, error)
    }
  }

  private static func failure(
    _ path: String, _ error: FirmwareError
  ) -> ToolFailure {
    ToolFailure(.badFile, "\(Files.shown(path)): \(error)")
  }

  /// The parts, each for one memory.
  ///
  /// - Parameter address: where a file without addresses belongs.
  func parts(at address: UInt32?) throws(ToolFailure) -> [Part] {
    if !file.targets.isEmpty {
      return file.targets.map {
        Part(alternate: $0.alternate, image: $0.image)
      }
    }
    do throws(FirmwareError) {
      return [Part(alternate: nil, image: try file.image(at: address))]
    } catch {
      throw Self.failure(path, error)
    }
  }
}
