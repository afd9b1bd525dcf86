import DFUSimulator
import Testing

/// A bench's file names boards by their profiles' names.
@Suite struct ProfileNameTests {
  @Test func eachProfileIsFoundByItsName() {
    for profile in BoardProfile.all {
      #expect(BoardProfile.named(profile.name)?.title == profile.title)
    }
  }

  @Test func noNameIsUsedTwice() {
    let names = BoardProfile.all.map(\.name)
    #expect(Set(names).count == names.count)
  }
}
