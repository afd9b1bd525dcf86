import DFUCore
import Testing

/// The examples of FIPS 180 and NIST's test vectors.
@Suite struct SHA256Tests {
  private static func hex(_ digest: SHA256) -> String {
    digest.digest.map {
      let text = String($0, radix: 16)
      return text.count == 1 ? "0" + text : text
    }.joined()
  }

  @Test(arguments: [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
  ])
  func examplesOfTheStandard(text: String, digest: String) {
    var sum = SHA256()
    sum.update(Array(text.utf8).span)
    #expect(Self.hex(sum) == digest)
  }

  @Test func aMillionBytesInPiecesOfAnyLength() {
    let bytes = [UInt8](repeating: UInt8(ascii: "a"), count: 1_000_000)
    for length in [1, 63, 64, 65, 1000, 1_000_000] {
      var sum = SHA256()
      var start = 0
      while start < bytes.count {
        let end = min(start + length, bytes.count)
        sum.update(bytes.span.extracting(start..<end))
        start = end
      }
      #expect(
        Self.hex(sum)
          == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
      )
    }
  }
}
