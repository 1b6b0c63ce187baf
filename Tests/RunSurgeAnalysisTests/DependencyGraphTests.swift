import Testing

@testable import RunSurgeAnalysis

/// The graph of top-level statements, and its drawings.
@Suite struct DependencyGraphTests {
    private func graph(_ source: String) throws -> DependencyGraph {
        try Explanation(syntaxJSON: try SyntaxExporter.exportAlone(source)).graph
    }

    private func edges(_ source: String) throws -> [String] {
        let graph = try graph(source)
        return graph.edges.map { edge in
            "\(graph.statements[edge.from].line) \(edge.kind.rawValue) \(graph.statements[edge.to].line) \(edge.name)"
        }
    }

    @Test func `flow, anti and output dependences are told apart`() throws {
        let found = try edges("a = 1\nb = a\na = 2\nc = a\n")
        #expect(found == ["1 flow 2 a", "1 output 3 a", "2 anti 3 a", "3 flow 4 a"])
    }

    @Test func `independent statements have no edge`() throws {
        #expect(
            try edges("a = [1]\nb = [2]\na.append(1)\nb.append(2)\n") == [
                "1 flow 3 a", "1 output 3 a", "2 flow 4 b", "2 output 4 b",
            ])
    }

    @Test func `functions bring what they read and change to where they are called`() throws {
        let found = try edges("n = []\ndef add():\n    n.append(1)\nadd()\nprint(n)\n")
        #expect(found.contains("1 flow 4 n"))
        #expect(found.contains("2 flow 4 add"))
        #expect(found.contains("4 flow 5 n"))
        #expect(!found.contains { $0.hasPrefix("1 flow 2") })
    }

    @Test func `what a loop carries is an edge to itself, what it only uses is not`() throws {
        let found = try edges(
            "total = 0\nprevious = 0\nfor x in range(9):\n    y = x + previous\n    previous = x\n    total += y\n")
        #expect(found.filter { $0.contains("carried") } == ["3 carried 3 previous", "3 carried 3 total"])
    }

    @Test func `output is in order, unknown effects too`() throws {
        #expect(try edges("print(1)\nprint(2)\n").contains("1 output 2 stdout"))
        #expect(try edges("import os\nos.mkdir('a')\nos.rmdir('a')\n").contains("2 output 3 unknown effects"))
    }

    @Test func `a script that does not parse has an empty graph that says so`() throws {
        let graph = try graph("def broken(:\n")
        #expect(graph.statements.isEmpty && !graph.isComplete)
    }

    @Test func `drawings name every statement and escape what they quote`() throws {
        let graph = try graph("a = \"<x>\"\nfor i in range(3):\n    print(a, \"\\\\\")\n")
        #expect(graph.dot.hasPrefix("digraph script {") && graph.dot.contains("s0 -> s1 [label=\"a\""))
        #expect(graph.svg.contains("&lt;x&gt;") && graph.svg.hasSuffix("</svg>\n"))
        #expect(graph.dot.split(separator: "\n").filter { $0.contains("[label=") && !$0.contains("->") }.count == 2)
    }
}
