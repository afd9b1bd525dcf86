import DFUCore

/// The lines of `--list`, in the form that scripts know from dfu-util.
enum FoundLines {
  /// One line for each alternate setting of each DFU interface that is
  /// meant; within an interface by falling number.
  ///
  /// - Parameter alternate: the only alternate settings to list.
  static func lines(
    for board: Board, _ selector: BoardSelector,
    _ alternate: AlternateSelector? = nil
  ) -> [String] {
    selector.interfaces(of: board).flatMap { interface in
      interface.alternates.reversed().filter {
        alternate?.matches($0) ?? true
      }.map { line(board, interface, $0) }
    }
  }

  private static func line(
    _ board: Board, _ interface: DFUInterface, _ setting: AlternateSetting
  ) -> String {
    let ids = board.device.descriptor
    return """
      Found \(interface.mode == .dfu ? "DFU" : "Runtime"): [\(ids.ids)] \
      ver=\(hex(ids.deviceVersion, 4, uppercase: false)), devnum=\(board.device.address), \
      cfg=\(interface.configuration), intf=\(interface.number), \
      path="\(board.path)", alt=\(setting.number), \
      name="\(setting.name?.printable ?? "UNKNOWN")", \
      serial="\(board.serial?.printable ?? "UNKNOWN")"
      """
  }
}
