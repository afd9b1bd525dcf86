// swift-tools-version: 6.2

import PackageDescription

let package = Package(
  name: "files",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "dfuflash", path: "../..")],
  targets: [
    .executableTarget(
      name: "files",
      dependencies: [.product(name: "DFUCore", package: "dfuflash")])
  ],
  swiftLanguageModes: [.v6]
)
