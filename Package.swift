// swift-tools-version: 6.2

import PackageDescription

let ours: [SwiftSetting] = [
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

let package = Package(
  name: "dfuflash",
  platforms: [.macOS(.v15)],
  products: [
    .executable(name: "dfuflash", targets: ["dfuflash"]),
    .library(name: "DFUCore", targets: ["DFUCore"]),
    .library(name: "DFUDoctor", targets: ["DFUDoctor"]),
    .library(name: "DFUSimulator", targets: ["DFUSimulator"]),
  ],
  dependencies: [
    .package(
      url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
  ],
  targets: [
    .systemLibrary(
      name: "CLibUSB",
      pkgConfig: "libusb-1.0",
      providers: [
        .apt(["libusb-1.0-0-dev", "pkg-config"]),
        .brew(["libusb", "pkg-config"]),
      ]),
    .systemLibrary(
      name: "CZlib",
      pkgConfig: "zlib",
      providers: [
        .apt(["zlib1g-dev", "pkg-config"]),
        .brew(["zlib", "pkg-config"]),
      ]),
    .target(
      name: "DFUCore",
      dependencies: ["CLibUSB", "CZlib"],
      swiftSettings: ours),
    .target(
      name: "DFUDoctor",
      dependencies: [
        "DFUCore",
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      swiftSettings: ours),
    .target(
      name: "DFUSimulator",
      dependencies: [
        "DFUCore",
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      swiftSettings: ours),
    .target(
      name: "DFUProduction",
      dependencies: [
        "DFUCore",
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      swiftSettings: ours),
    .executableTarget(
      name: "dfuflash",
      dependencies: [
        "DFUCore", "DFUDoctor", "DFUProduction", "DFUSimulator",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      swiftSettings: ours),
    .executableTarget(
      name: "FlashOne",
      dependencies: ["DFUCore"],
      path: "Examples/FlashOne",
      swiftSettings: ours),
    // Every fault at every transfer: `make test-faults`.
    .executableTarget(
      name: "fault-matrix",
      dependencies: [
        "DFUCore", "DFUProduction", "DFUSimulator", "TestSupport",
      ],
      path: "Tests/FaultMatrix",
      swiftSettings: ours),
    // What the tests of several modules share.
    .target(
      name: "TestSupport",
      dependencies: ["DFUCore", "DFUSimulator"],
      path: "Tests/Support",
      swiftSettings: ours),
    .testTarget(
      name: "ExampleTests",
      dependencies: ["DFUCore", "DFUSimulator", "FlashOne"],
      swiftSettings: ours),
    .testTarget(
      name: "DFUCoreTests",
      dependencies: ["DFUCore", "DFUSimulator", "TestSupport"],
      swiftSettings: ours),
    .testTarget(
      name: "DFUProductionTests",
      dependencies: [
        "DFUCore", "DFUProduction", "DFUSimulator", "TestSupport",
      ],
      swiftSettings: ours),
    .testTarget(
      name: "DFUSimulatorTests",
      dependencies: ["DFUCore", "DFUSimulator"],
      swiftSettings: ours),
    .testTarget(
      name: "DFUDoctorTests",
      dependencies: ["DFUCore", "DFUDoctor"],
      swiftSettings: ours),
    .testTarget(
      name: "dfuflashTests",
      dependencies: [
        "DFUCore", "DFUDoctor", "DFUProduction", "DFUSimulator",
        "TestSupport", "dfuflash",
      ],
      swiftSettings: ours),
  ],
  swiftLanguageModes: [.v6]
)

#if os(Linux)
// Serves simulated boards to a Linux kernel: a development tool, not installed.
package.targets += [
  .executableTarget(
    name: "usbip-bench",
    dependencies: [
      "DFUCore", "DFUSimulator",
      .product(name: "ArgumentParser", package: "swift-argument-parser"),
      .product(name: "SystemPackage", package: "swift-system"),
    ],
    swiftSettings: ours),
  .testTarget(
    name: "usbip-benchTests",
    dependencies: ["DFUCore", "DFUSimulator", "usbip-bench"],
    swiftSettings: ours),
]
#endif
