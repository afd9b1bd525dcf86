import DFUCore

/// Where what is read goes: a new file that appears when it is complete, or
/// standard output.
final class UploadSink {
  private var file: OutputFile?
  private let path: String

  init(_ path: String, replaces: Bool = false) throws(ToolFailure) {
    self.path = path
    file = path == "-" ? nil : try OutputFile(path, replaces: replaces)
  }

  func write(_ bytes: ArraySlice<UInt8>) throws(ToolFailure) {
    if path == "-" {
      try Console.write(bytes)
    } else {
      try file?.write(bytes)
    }
  }

  /// Takes what a job reads.
  func take(_ bytes: ArraySlice<UInt8>) throws(FlashError) {
    do throws(ToolFailure) {
      try write(bytes)
    } catch {
      throw .output(error.message)
    }
  }

  func finish() throws(ToolFailure) {
    if let file = file.take() { try file.finish() }
  }
}
