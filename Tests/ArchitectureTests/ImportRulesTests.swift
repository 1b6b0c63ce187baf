import Foundation
import Testing

/// Who may know whom. A new edge here is a decision about the architecture, not a formality.
@Suite struct ImportRulesTests {
    private static let allowed: [String: Set<String>] = [
        "ZeroMQ": ["CZeroMQ", "CLinux"],
        "PostgreSQL": ["CLibPQ", "CLinux"],
        "RunSurgeCore": [],
        "RunSurgeAnalysis": ["RunSurgeCore"],
        "RunSurgeScheduling": ["RunSurgeCore"],
        "RunSurgeProtocol": ["RunSurgeCore"],
        "RunSurgeStore": ["RunSurgeCore", "PostgreSQL", "CLinux"],
        "RunSurgeMaster": [
            "RunSurgeCore", "RunSurgeAnalysis", "RunSurgeScheduling", "RunSurgeProtocol", "RunSurgeStore", "ZeroMQ",
        ],
        "RunSurgeWorker": ["RunSurgeCore", "RunSurgeScheduling", "RunSurgeProtocol", "ZeroMQ", "CLinux"],
        "RunSurgeAPI": ["RunSurgeCore", "RunSurgeStore"],
        "RunSurgeClient": ["RunSurgeCore"],
        "runsurge": [
            "ZeroMQ", "PostgreSQL", "RunSurgeCore", "RunSurgeAnalysis", "RunSurgeScheduling", "RunSurgeProtocol",
            "RunSurgeStore", "RunSurgeMaster", "RunSurgeWorker", "RunSurgeAPI", "RunSurgeClient",
        ],
    ]

    private static let sources = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Sources")

    @Test func everyTargetIsInTheTable() throws {
        let folders = try FileManager.default.contentsOfDirectory(atPath: Self.sources.path)
        let targets = Set(folders).subtracting(["CZeroMQ", "CLibPQ", "CLinux"])
        #expect(targets == Set(Self.allowed.keys))
    }

    @Test(arguments: allowed.keys.sorted())
    func importsOnlyWhatTheTableAllows(target: String) throws {
        let ours = Set(Self.allowed.keys).union(["CZeroMQ", "CLibPQ", "CLinux"])
        let folder = Self.sources.appending(path: target)
        let files = try FileManager.default.subpathsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".swift") }
        #expect(!files.isEmpty)
        for file in files {
            let text = try String(contentsOf: folder.appending(path: file), encoding: .utf8)
            for line in text.split(separator: "\n") {
                let words = line.split(separator: " ")
                guard let index = words.firstIndex(of: "import"), index < 3, index + 1 < words.count else { continue }
                let module = String(words[words.count - 1])
                guard ours.contains(module), module != target else { continue }
                #expect(Self.allowed[target]?.contains(module) == true, "\(target)/\(file) imports \(module)")
            }
        }
    }

    @Test func cIsTouchedInOneFolderOfEachWrapper() throws {
        for (target, module) in [("ZeroMQ", "CZeroMQ"), ("PostgreSQL", "CLibPQ")] {
            let folder = Self.sources.appending(path: target)
            for file in try FileManager.default.subpathsOfDirectory(atPath: folder.path) where file.hasSuffix(".swift")
            {
                let text = try String(contentsOf: folder.appending(path: file), encoding: .utf8)
                guard text.contains("import \(module)") else { continue }
                #expect(file.hasPrefix("C/"), "\(target)/\(file) imports \(module)")
            }
        }
    }
}
