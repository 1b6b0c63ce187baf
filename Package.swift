// swift-tools-version: 6.1
import PackageDescription

let swift: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let collections = Target.Dependency.product(name: "DequeModule", package: "swift-collections")
let orderedCollections = Target.Dependency.product(name: "OrderedCollections", package: "swift-collections")
let configuration = Target.Dependency.product(name: "Configuration", package: "swift-configuration")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let cryptoExtras = Target.Dependency.product(name: "CryptoExtras", package: "swift-crypto")
let httpClient = Target.Dependency.product(name: "AsyncHTTPClient", package: "async-http-client")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let hummingbirdTesting = Target.Dependency.product(name: "HummingbirdTesting", package: "hummingbird")
let jwt = Target.Dependency.product(name: "JWTKit", package: "jwt-kit")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let metricsTestKit = Target.Dependency.product(name: "MetricsTestKit", package: "swift-metrics")
let metrics = Target.Dependency.product(name: "CoreMetrics", package: "swift-metrics")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioHTTPTypes = Target.Dependency.product(name: "NIOHTTPTypes", package: "swift-nio-extras")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nio = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let unixSignals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")
let protobuf = Target.Dependency.product(name: "SwiftProtobuf", package: "swift-protobuf")

let package = Package(
    name: "runsurge",
    platforms: [.macOS(.v15)],
    products: [.executable(name: "runsurge", targets: ["runsurge"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-collections.git", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-configuration.git", from: "1.4.0"),
        .package(url: "https://github.com/apple/swift-crypto.git", from: "4.5.0"),
        .package(url: "https://github.com/apple/swift-log.git", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-http-types.git", from: "1.5.0"),
        .package(url: "https://github.com/apple/swift-metrics.git", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-extras.git", from: "1.35.0"),
        .package(url: "https://github.com/apple/swift-protobuf.git", from: "1.39.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird.git", from: "2.28.0"),
        .package(url: "https://github.com/swift-server/async-http-client.git", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", from: "2.13.0"),
        .package(url: "https://github.com/jpsim/Yams.git", from: "6.2.0"),
        .package(url: "https://github.com/vapor/jwt-kit.git", from: "5.7.0"),
    ],
    targets: [
        .systemLibrary(name: "CLibPQ", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .systemLibrary(name: "CZeroMQ", pkgConfig: "libzmq", providers: [.apt(["libzmq3-dev"])]),
        .systemLibrary(name: "CLinux"),
        .target(name: "ZeroMQ", dependencies: ["CLinux", "CZeroMQ"], swiftSettings: swift),
        .target(
            name: "PostgreSQL", dependencies: ["CLibPQ", "CLinux", collections, orderedCollections, logging],
            swiftSettings: swift
        ),
        .target(name: "RunSurgeCore", dependencies: [collections], swiftSettings: swift),
        .target(
            name: "RunSurgeAnalysis", dependencies: ["RunSurgeCore", yams],
            resources: [.embedInCode("Python"), .embedInCode("Scan/rules.yaml")], swiftSettings: swift),
        .target(name: "RunSurgeScheduling", dependencies: ["RunSurgeCore"], swiftSettings: swift),
        .target(name: "RunSurgeProtocol", dependencies: ["RunSurgeCore", protobuf], swiftSettings: swift),
        .target(
            name: "RunSurgeStore", dependencies: ["CLinux", "RunSurgeCore", "PostgreSQL", crypto, logging],
            swiftSettings: swift),
        .target(
            name: "RunSurgeMaster",
            dependencies: [
                "RunSurgeCore", "RunSurgeAnalysis", "RunSurgeScheduling", "RunSurgeProtocol", "ZeroMQ", lifecycle,
                logging, metrics,
            ], swiftSettings: swift),
        .target(
            name: "RunSurgeWorker",
            dependencies: [
                "CLinux", "RunSurgeCore", "RunSurgeScheduling", "RunSurgeProtocol", "ZeroMQ", collections, lifecycle,
                logging, protobuf,
            ],
            resources: [.embedInCode("Python")], swiftSettings: swift),
        .target(
            name: "RunSurgeAPI",
            dependencies: [
                "RunSurgeCore", collections, crypto, cryptoExtras, httpTypes, hummingbird, jwt, lifecycle, logging,
                metrics, nio, nioHTTPTypes, nioPosix,
            ], swiftSettings: swift),
        .target(
            name: "RunSurgeClient", dependencies: ["RunSurgeCore", crypto, httpClient, nio, nioHTTP1, nioPosix],
            swiftSettings: swift),
        .executableTarget(
            name: "runsurge",
            dependencies: [
                "ZeroMQ", "PostgreSQL", "RunSurgeCore", "RunSurgeAnalysis", "RunSurgeScheduling", "RunSurgeProtocol",
                "RunSurgeStore", "RunSurgeMaster", "RunSurgeWorker", "RunSurgeAPI", "RunSurgeClient",
                argumentParser, configuration, crypto, hummingbird, lifecycle, logging, metrics, unixSignals,
            ], swiftSettings: swift),
        .testTarget(name: "ArchitectureTests", swiftSettings: swift),
        .testTarget(
            name: "CommandLineTests", dependencies: ["runsurge", "RunSurgeProtocol"], swiftSettings: swift),
        .testTarget(
            name: "EndToEndTests", dependencies: ["runsurge", "PostgreSQL"], exclude: ["Scripts"], swiftSettings: swift),
        .testTarget(name: "PostgreSQLTests", dependencies: ["PostgreSQL", logging], swiftSettings: swift),
        .testTarget(
            name: "RunSurgeAPITests",
            dependencies: [
                "RunSurgeCore", "RunSurgeAPI", "RunSurgeTestStores", crypto, httpTypes, hummingbird,
                hummingbirdTesting, logging, metrics, nio, nioPosix,
            ], swiftSettings: swift),
        .testTarget(
            name: "RunSurgeAnalysisTests", dependencies: ["RunSurgeAnalysis", "RunSurgeCore"], swiftSettings: swift),
        .testTarget(
            name: "RunSurgeClientTests",
            dependencies: [
                "RunSurgeCore", "RunSurgeAPI", "RunSurgeClient", "RunSurgeTestStores", crypto, hummingbird, logging,
            ], swiftSettings: swift),
        .testTarget(name: "RunSurgeCoreTests", dependencies: ["RunSurgeCore"], swiftSettings: swift),
        .testTarget(
            name: "RunSurgeMasterTests",
            dependencies: [
                "RunSurgeCore", "RunSurgeMaster", "RunSurgeProtocol", "RunSurgeScheduling", "RunSurgeAnalysis",
                "RunSurgeTestStores", "ZeroMQ", lifecycle, logging, metrics, metricsTestKit,
            ], swiftSettings: swift),
        .testTarget(
            name: "RunSurgeProtocolTests", dependencies: ["RunSurgeCore", "RunSurgeProtocol", protobuf],
            swiftSettings: swift),
        .testTarget(
            name: "RunSurgeSchedulingTests", dependencies: ["RunSurgeCore", "RunSurgeScheduling"],
            swiftSettings: swift),
        .testTarget(
            name: "RunSurgeStoreTests",
            dependencies: ["RunSurgeCore", "RunSurgeStore", "PostgreSQL", crypto, logging], swiftSettings: swift),
        .target(
            name: "RunSurgeTestStores", dependencies: ["RunSurgeCore", crypto, nio, nioPosix],
            path: "Tests/RunSurgeTestStores", swiftSettings: swift),
        .testTarget(
            name: "RunSurgeWorkerTests",
            dependencies: [
                "RunSurgeAnalysis", "RunSurgeCore", "RunSurgeWorker", "RunSurgeProtocol", "RunSurgeScheduling",
                "RunSurgeTestStores", "ZeroMQ", logging,
            ], swiftSettings: swift),
        .target(
            name: "Simulation", dependencies: ["RunSurgeCore", "RunSurgeScheduling"], path: "Tests/Simulation",
            swiftSettings: swift),
        .executableTarget(
            name: "simulate", dependencies: ["Simulation"], path: "Tests/Simulate", swiftSettings: swift),
        .testTarget(
            name: "SimulationTests", dependencies: ["Simulation"], exclude: ["Mutants", "mutants.sh"],
            swiftSettings: swift),
        .testTarget(name: "ZeroMQTests", dependencies: ["ZeroMQ"], swiftSettings: swift),
    ]
)
