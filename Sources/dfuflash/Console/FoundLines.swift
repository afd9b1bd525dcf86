import DFUCore

/// The lines of `--list`, in the form that scripts know from dfu-util.
enum FoundLines {
  /// One line for each alternate setting of each DFU interface that is
  /// meant; within an interface by falling number.
  ///
  /// - Parameter alternate: the only alternate settings to list.
  static func lines(
    for boards: [Board], _ selector: BoardSelector,
    _ alternate: AlternateSelector? = nil
  ) -> [String] {
    boards.flatMap { board in
      selector.functions(of: board).flatMap { function in
        function.alternates.reversed().filter {
          alternate?.matches($0) ?? true
        }.map { line(board, function, $0) }
      } + problem(of: board)
    }
  }

  private static func line(
    _ board: Board, _ function: DFUFunction, _ setting: AlternateSetting
  ) -> String {
    let ids = board.device.descriptor
    return """
      Found \(function.mode == .dfu ? "DFU" : "Runtime"): \
      [\(hex4(ids.vendor)):\(hex4(ids.product))] \
      ver=\(hex4(ids.deviceVersion)), devnum=\(board.device.address), \
      cfg=\(function.configuration), intf=\(function.interface), \
      path="\(board.path)", alt=\(setting.number), \
      name="\(setting.name?.printable ?? "UNKNOWN")", \
      serial="\(board.serial?.printable ?? "UNKNOWN")"
      """
  }

  private static func problem(of board: Board) -> [String] {
    if let problem = board.problem {
      Explain.usb(problem, board).show()
    }
    return []
  }
}
