internal import Foundation

/// How a group's aggregator is written.
public enum AggregatorForm: Sendable, Equatable {
    /// Three parts; the lines, from 1, of the marks before the second and the third.
    case parts(second: Int, third: Int)
    /// `def aggregate(outputs)`
    case function

    /// Lines that divide the three parts; the original system's own.
    static let marks = [
        "####Code Before For Loop####", "##########Loop Code##########", "##########Code After For Loop##########",
    ]

    /// What to export the syntax of in place of `source`: its second part is in a loop, where it may `continue`. Lines
    /// stay what they are; the second part's columns are one more.
    public static func syntaxSource(of source: [UInt8]) -> [UInt8] {
        var lines = lines(source)
        guard case .parts(let second, let third)? = marked(lines) else { return source }
        for index in second..<third - 1 { lines[index] = " " + lines[index] }
        lines[second - 1] = "for __step__ in __steps__:"
        lines[third - 1] = " pass"
        return Array(lines.joined(separator: "\n").utf8)
    }

    /// Nothing is run to find out.
    /// - Parameter syntaxJSON: what `export.py` wrote of `syntaxSource`.
    /// - Throws: `AggregatorError`, a sentence for the group's owner.
    public static func detect(source: [UInt8], syntaxJSON: [UInt8]) throws(AggregatorError) -> AggregatorForm {
        let lines = lines(source)
        let form = marked(lines)
        if form == nil, lines.contains(where: { mark($0) != nil }) { throw .marksAreWrong }
        let export: SyntaxExport
        do {
            export = try PythonSyntax.decode(Data(syntaxJSON))
        } catch {
            throw AggregatorError(description: "The aggregator can't be read: \(error).")
        }
        let file = export.files[0]
        if let error = file.error { throw AggregatorError(description: "The aggregator can't be read: \(error).") }
        guard case .parts(let second, let third)? = form else { return try function(in: file) }
        let isWhole = file.body.contains { statement in
            guard case .forLoop(let loop) = statement.kind, statement.span.line == second else { return false }
            return loop.body.last?.span.line == third && loop.orElse.isEmpty
        }
        guard isWhole else { throw .isInside }
        return .parts(second: second, third: third)
    }

    private static func function(in file: SyntaxFile) throws(AggregatorError) -> AggregatorForm {
        for case .function(let function) in file.body.map(\.kind) where function.name == "aggregate" {
            let parameters = function.parameters
            let needed = parameters.positional.count - parameters.defaults.count
            let takesOne = !parameters.positional.isEmpty || parameters.variadic != nil
            guard takesOne, needed <= 1, parameters.keywordDefaults.allSatisfy({ $0 != nil }), !function.isAsync else {
                throw .takesOther
            }
            return .function
        }
        throw .isNeither
    }

    /// Nil when the marks are not each there once, in their order.
    private static func marked(_ lines: [String]) -> AggregatorForm? {
        let found = lines.enumerated().compactMap { index, line in mark(line).map { (mark: $0, line: index + 1) } }
        return found.map(\.mark) == Array(marks.indices) ? .parts(second: found[1].line, third: found[2].line) : nil
    }

    private static func mark(_ line: String) -> Int? {
        marks.firstIndex(of: line.trimmingCharacters(in: .whitespaces))
    }

    /// As Python counts them.
    private static func lines(_ source: [UInt8]) -> [String] {
        String(decoding: source, as: UTF8.self).replacing("\r\n", with: "\n").replacing("\r", with: "\n")
            .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }
}

/// Why an aggregator is not taken: a sentence for the group's owner.
public struct AggregatorError: Error, Equatable, CustomStringConvertible {
    public let description: String

    private static let lines = AggregatorForm.marks.joined(separator: ", ")
    static let isNeither = AggregatorError(
        description: "The aggregator has neither the three lines \(lines) nor a function aggregate(outputs).")
    static let marksAreWrong = AggregatorError(
        description: "The aggregator must have each of the lines \(lines) once, in this order.")
    static let takesOther = AggregatorError(
        description: "The aggregator's function must be called with one argument: def aggregate(outputs).")
    static let isInside = AggregatorError(
        description: "The aggregator has one of the lines \(lines) in the middle of a statement.")
}
