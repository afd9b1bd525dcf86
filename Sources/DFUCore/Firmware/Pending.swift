extension FirmwareFile {
  init(intelHex bytes: [UInt8]) throws(FirmwareError) {
    throw FirmwareError(.unsupported("Intel HEX is not read yet"))
  }
  init(sRecord bytes: [UInt8]) throws(FirmwareError) {
    throw FirmwareError(.unsupported("S-records are not read yet"))
  }
  init(elf bytes: [UInt8]) throws(FirmwareError) {
    throw FirmwareError(.unsupported("ELF is not read yet"))
  }
  init(uf2 bytes: [UInt8]) throws(FirmwareError) {
    throw FirmwareError(.unsupported("UF2 is not read yet"))
  }
}
