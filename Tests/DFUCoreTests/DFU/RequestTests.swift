import DFUCore
import Testing

@Suite struct RequestTests {
  @Test(arguments: [
    (DFURequest.detach(timeout: 1000), UInt8(0x21), UInt8(0), UInt16(1000)),
    (.download(block: 7), 0x21, 1, 7),
    (.upload(block: 65535), 0xA1, 2, 65535),
    (.getStatus, 0xA1, 3, 0),
    (.clearStatus, 0x21, 4, 0),
    (.getState, 0xA1, 5, 0),
    (.abort, 0x21, 6, 0),
  ])
  func aRequestIsEncodedAsInTheSpecification(
    request: DFURequest, type: UInt8, number: UInt8, value: UInt16
  ) {
    let setup = request.setup(interface: 3)
    #expect(
      setup
        == ControlSetup(
          requestType: type, request: number, value: value, index: 3))
    #expect(setup.isDeviceToHost == (type == 0xA1))
  }

  @Test func everyStateHasTheSpecificationsNumberAndName() {
    let states: [(DFUState, UInt8, String)] = [
      (.appIdle, 0, "appIDLE"), (.appDetach, 1, "appDETACH"),
      (.idle, 2, "dfuIDLE"), (.downloadSync, 3, "dfuDNLOAD-SYNC"),
      (.downloadBusy, 4, "dfuDNBUSY"), (.downloadIdle, 5, "dfuDNLOAD-IDLE"),
      (.manifestSync, 6, "dfuMANIFEST-SYNC"), (.manifest, 7, "dfuMANIFEST"),
      (.manifestWaitReset, 8, "dfuMANIFEST-WAIT-RESET"),
      (.uploadIdle, 9, "dfuUPLOAD-IDLE"), (.error, 10, "dfuERROR"),
    ]
    for (state, number, name) in states {
      #expect(state.rawValue == number)
      #expect(state.description == name)
    }
    #expect(DFUState(rawValue: 11).description == "unknown state 11")
    #expect(DFUState(rawValue: 255).description == "unknown state 255")
  }

  @Test func everyStatusHasTheSpecificationsNumberNameAndAMeaning() {
    let statuses: [(DFUStatus, UInt8, String)] = [
      (.ok, 0, "OK"), (.target, 1, "errTARGET"), (.file, 2, "errFILE"),
      (.write, 3, "errWRITE"), (.erase, 4, "errERASE"),
      (.checkErased, 5, "errCHECK_ERASED"), (.program, 6, "errPROG"),
      (.verify, 7, "errVERIFY"), (.address, 8, "errADDRESS"),
      (.notDone, 9, "errNOTDONE"), (.firmware, 10, "errFIRMWARE"),
      (.vendor, 11, "errVENDOR"), (.usbReset, 12, "errUSBR"),
      (.powerOnReset, 13, "errPOR"), (.unknown, 14, "errUNKNOWN"),
      (.stalledPacket, 15, "errSTALLEDPKT"),
    ]
    for (status, number, name) in statuses {
      #expect(status.rawValue == number)
      #expect(status.name == name)
      #expect(!status.meaning.isEmpty)
    }
    #expect(Set(statuses.map(\.0.meaning)).count == 16)
    let unknown = DFUStatus(rawValue: 77)
    #expect(unknown.name == "unknown status 77")
    #expect(unknown.meaning.contains("specification does not know"))
  }

  @Test func aStatusReportIsReadFromItsSixBytes() throws {
    let report = try #require(
      DFUStatusReport(parsing: [15, 0x01, 0x02, 0x03, 4, 9]))
    #expect(report.status == .stalledPacket)
    #expect(report.pollTimeout == 0x030201)
    #expect(report.state == .downloadBusy)
    for count in 0..<6 {
      #expect(
        DFUStatusReport(parsing: [UInt8](repeating: 0, count: count)) == nil)
    }
    #expect(
      DFUStatusReport(parsing: [0, 0, 0, 0, 200, 0])?.state.rawValue == 200)
  }

  @Test func anErrorNamesTheOperationTheAddressAndTheReason() {
    let report = DFUStatusReport(
      status: .vendor, pollTimeout: 0, state: .error)
    let cases: [(DFUError, String)] = [
      (
        DFUError(.eraseSector, at: 0x0800_4000, .status(report)),
        "erasing the sector at 0x08004000: the board reports errVENDOR: a "
          + "vendor-specific error"
      ),
      (
        DFUError(.write, at: 0x10, .usb(USBError(.noDevice, "send"))),
        "writing at 0x00000010: the board has left the bus "
          + "(LIBUSB_ERROR_NO_DEVICE)"
      ),
      (
        DFUError(.read, .shortReply(received: 3, expected: 2048)),
        "reading: the board sent 3 of 2048 bytes"
      ),
      (
        DFUError(.massErase, .stillBusy(limit: .seconds(2))),
        "erasing the whole memory: the board was still busy after 2000 ms"
      ),
      (
        DFUError(.massErase, .unanswered(USBError(.timeout, "receive"))),
        "erasing the whole memory: the board does not say whether it is done "
          + "(LIBUSB_ERROR_TIMEOUT)"
      ),
      (
        DFUError(.makeIdle, .unexpectedState(.appIdle)),
        "bringing the device to dfuIDLE: the board is in state appIDLE, where "
          + "it should not be"
      ),
    ]
    for (error, text) in cases { #expect(error.description == text) }
  }

  @Test func aRequestIsReadBackFromItsSetupPacket() {
    let requests: [(DFURequest, String)] = [
      (.detach(timeout: 1000), "DETACH"), (.download(block: 7), "DNLOAD"),
      (.upload(block: 65535), "UPLOAD"), (.getStatus, "GETSTATUS"),
      (.clearStatus, "CLRSTATUS"), (.getState, "GETSTATE"), (.abort, "ABORT"),
    ]
    for (request, name) in requests {
      #expect(DFURequest(request.setup(interface: 3)) == request)
      #expect(request.name == name)
    }
    let others: [(UInt8, UInt8)] = [(0x80, 6), (0xA1, 7), (0xA1, 1), (0x21, 3)]
    for (type, number) in others {
      #expect(
        DFURequest(
          ControlSetup(requestType: type, request: number, value: 0, index: 0))
          == nil)
    }
  }
}
