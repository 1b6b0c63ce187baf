import Foundation
import Testing

@testable import RunSurgeAnalysis

/// The scripts of the end-to-end corpus: a loop marked `# split` must be split.
@Suite struct CorpusTests {
    @Test func `every marked loop of the corpus is split`() throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../EndToEndTests/Scripts").standardized
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
        #expect(names.count > 30)
        var cases: [VerdictCase] = []
        for name in names {
            let place = folder.appending(path: name)
            let source = try String(contentsOf: place.appending(path: "script.py"), encoding: .utf8)
            var modules: [String: String] = [:]
            for file in try FileManager.default.contentsOfDirectory(atPath: place.path)
            where file.hasSuffix(".py") && file != "script.py" && file != "make.py" {
                modules[String(file.dropLast(3))] = try String(contentsOf: place.appending(path: file), encoding: .utf8)
            }
            let item = VerdictCase(name, source, modules: modules)
            if !item.expectations.isEmpty { cases.append(item) }
        }
        try VerdictCase.check(cases)
    }
}
