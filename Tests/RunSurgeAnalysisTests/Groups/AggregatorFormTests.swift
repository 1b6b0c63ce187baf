import RunSurgeCore
import Testing

@testable import RunSurgeAnalysis

/// How an aggregator is recognised, and the job that runs it.
@Suite struct AggregatorFormTests {
    private static let marks = AggregatorForm.marks

    private func form(_ source: String) throws -> AggregatorForm {
        let bytes = Array(source.utf8)
        let text = String(decoding: AggregatorForm.syntaxSource(of: bytes), as: UTF8.self)
        return try AggregatorForm.detect(source: bytes, syntaxJSON: try SyntaxExporter.exportAlone(text))
    }

    private func refusal(_ source: String) throws -> String {
        do {
            return "\(try form(source))"
        } catch let error as AggregatorError {
            return error.description
        }
    }

    @Test func `the three lines make three parts`() throws {
        let parts = [Self.marks[0], "x = 1", "  \(Self.marks[1])  ", "x += 1\ncontinue", Self.marks[2], "print(x)"]
        for end in ["\n", "\r\n"] {
            #expect(try form(parts.joined(separator: end)) == .parts(second: 3, third: 6), "\(end.utf8.count)")
        }
        #expect(try form(Self.marks.joined(separator: "\n")) == .parts(second: 2, third: 3))
    }

    @Test(arguments: [
        "def aggregate(outputs):\n    yield", "import os\n@staticmethod\ndef aggregate(outputs, x=1): return []",
        "def aggregate(*all): return all", "def aggregate(outputs, *, x=1): return []",
    ])
    func `a function is enough`(source: String) throws {
        #expect(try form(source) == .function)
    }

    @Test func `what is neither is told`() throws {
        #expect(try refusal("print(1)").contains("has neither the three lines ####Code Before"))
        #expect(try refusal("class A:\n    def aggregate(outputs): pass").contains("has neither"))
        #expect(try refusal("async def aggregate(outputs): pass").contains("with one argument"))
        #expect(try refusal("def aggregate(): pass").contains("with one argument"))
        #expect(try refusal("def aggregate(a, b): pass").contains("with one argument"))
        #expect(try refusal(Self.marks.dropLast().joined(separator: "\n")).contains("each of the lines"))
        #expect(try refusal(Self.marks.reversed().joined(separator: "\n")).contains("in this order"))
        #expect(try refusal((Self.marks + [Self.marks[0]]).joined(separator: "\n")).contains("once"))
        #expect(try refusal("def f(:").contains("SyntaxError: invalid syntax (line 1)"))
        let inside = "\(Self.marks[0])\nx = \"\"\"\n\(Self.marks[1])\n\(Self.marks[2])\n\"\"\""
        #expect(try refusal(inside).contains("in the middle of a statement"))
        let open = "\(Self.marks[0])\n\(Self.marks[1])\nx = 1\n\(Self.marks[2])\nelse: pass"
        #expect(try refusal(open).contains("in the middle of a statement"))
        let early = "\(Self.marks[0])\n\(Self.marks[1])\nx = 1\n\(Self.marks[2])\nbreak"
        #expect(try refusal(early).contains("'break' outside loop (line 5)"))
    }

    @Test func `the job has the aggregator and the archives in order`() {
        let blobs = (0..<4).map { BlobReference(sha256: String(repeating: "\($0)", count: 64), size: Int64($0)) }
        let job = AggregatorScript(form: .parts(second: 3, third: 9), fileName: "merge.py")
            .specification(name: "g", script: blobs[0], aggregator: blobs[1], outputs: [blobs[2], blobs[3]])
        #expect(job.script.path == "/group/aggregate.py")
        #expect(
            job.inputs.map(\.path) == [
                "/group/aggregator/merge.py", "/group/outputs", "/group/outputs/1.zip", "/group/outputs/2.zip",
            ])
        #expect(job.inputs.map(\.blob) == [blobs[1], .empty, blobs[2], blobs[3]])
        #expect(job.arguments == ["/group/aggregator/merge.py", "/group/outputs", "3", "9"])
        #expect(!job.isSplittingAllowed)
    }

    @Test(arguments: ["", ".", "..", "a/", "/", "a\0b"])
    func `a file name that is none is replaced`(name: String) {
        let job = AggregatorScript(form: .function, fileName: name)
            .specification(name: "g", script: .empty, aggregator: .empty, outputs: [])
        #expect(["/group/aggregator/aggregator.py", "/group/aggregator/a"].contains(job.arguments[0]))
    }
}
