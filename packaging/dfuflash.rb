# Homebrew formula, for a tap of one's own. Untested on macOS so far.
#
#   brew install --build-from-source ./packaging/dfuflash.rb --HEAD
class Dfuflash < Formula
  desc "Flasher for USB DFU devices, first of all STM32 chips"
  homepage "https://github.com/dfuflash/dfuflash"
  license "MIT"
  head "https://github.com/dfuflash/dfuflash.git", branch: "main"

  depends_on "pkg-config" => :build
  depends_on xcode: ["26.0", :build]
  depends_on macos: :sequoia
  depends_on "libusb"

  uses_from_macos "swift" => :build
  uses_from_macos "zlib"

  def install
    system "swift", "build", "--disable-sandbox", "-c", "release",
           "--product", "dfuflash"
    bin.install ".build/release/dfuflash"
    man1.install "share/man/man1/dfuflash.1"
    bash_completion.install "share/bash-completion/completions/dfuflash"
    zsh_completion.install "share/zsh/site-functions/_dfuflash"
    fish_completion.install "share/fish/vendor_completions.d/dfuflash.fish"
  end

  test do
    system bin/"dfuflash", "simulate", "f405", "--bench", "bench.json"
    ENV["DFUFLASH_BENCH"] = "bench.json"
    (testpath/"fw.bin").binwrite "\x00\x00\x02\x20\xC1\x01\x00\x08" + ("x" * 8192)
    system bin/"dfuflash", "flash", "fw.bin"
  end
end
