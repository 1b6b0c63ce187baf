internal import Foundation
internal import RunSurgeCore

/// Looks submitted code through for what the rules speak of, without running it.
public enum CodeScan {
    /// - Parameter syntaxJSON: what `export.py` wrote, the script first, its own modules after it.
    /// - Throws: `ScanError` when the code can't be looked through; it is to be refused then.
    public static func report(syntaxJSON: [UInt8], rules: ScanRules) throws(ScanError) -> ScanReport {
        let export: SyntaxExport
        do {
            export = try PythonSyntax.decode(Data(syntaxJSON))
        } catch {
            throw .failed(error.message)
        }
        for file in export.files {
            guard let error = file.error else { continue }
            throw .unreadable("\(name(file)) can't be read: \(error).")
        }
        let program = Program(export)
        try refuseUnknownSyntax(program)
        var search = FindingSearch(references: try References(program, RuleIndex(rules)))
        search.run()
        return ScanReport(findings: search.findings)
    }

    /// What is inside of a node of an unknown kind has not been read.
    private static func refuseUnknownSyntax(_ program: Program) throws(ScanError) {
        var found: (kind: String, line: Int, scope: ScopeID)?
        program.forEachStatement { statement, scope in
            if case .unknown(let kind) = statement.kind { found = found ?? (kind, statement.span.line, scope) }
        }
        program.forEachExpression { expression, scope in
            if case .unknown(let kind) = expression.kind { found = found ?? (kind, expression.span.line, scope) }
        }
        guard let found else { return }
        let file = program.export.files[program.scopes[found.scope].file]
        throw .unreadable("\(name(file)) has syntax that the scan does not know: \(found.kind) in line \(found.line).")
    }

    private static func name(_ file: SyntaxFile) -> String {
        file.module.map { "The module \($0)" } ?? "The script"
    }
}

/// Goes through a program's imports and expressions.
private struct FindingSearch {
    /// What has been said of a line once.
    private struct Mark: Hashable {
        let file: Int
        let line: Int
        let message: String
    }

    private let references: References
    private(set) var findings: [ScanFinding] = []
    private var seen: Set<Mark> = []

    private var index: RuleIndex { references.index }

    init(references: References) { self.references = references }

    mutating func run() {
        let program = references.program
        program.forEachStatement { statement, scope in visit(statement, scope) }
        program.forEachExpression { expression, scope in visit(expression, scope) }
        let order = Dictionary(
            program.export.files.enumerated().map { ($1.path, $0) }, uniquingKeysWith: { first, _ in first })
        findings.sort {
            (order[$0.path] ?? 0, $0.line, $0.column, $0.rule) < (order[$1.path] ?? 0, $1.line, $1.column, $1.rule)
        }
    }

    private mutating func visit(_ statement: Statement, _ scope: ScopeID) {
        switch statement.kind {
        case .importModules(let names):
            for alias in names where references.program.file(ofModule: alias.name) == nil {
                add(index.rules(forModule: alias.name), alias.name, statement.span, scope)
            }
        case .importFrom(let module?, level: 0, let names):
            guard references.program.file(ofModule: module) == nil else { return }
            for alias in names {
                let path = "\(module).\(alias.name == "*" ? RuleIndex.computed : alias.name)"
                add(index.rules(forModule: path), path, statement.span, scope)
            }
        default: return
        }
    }

    private mutating func visit(_ expression: Expression, _ scope: ScopeID) {
        switch expression.kind {
        case .name, .attribute, .item, .call: break
        default: return
        }
        for name in references.memberNames(expression, scope).sorted() {
            add(index.rules(forAttribute: name), ".\(name)", expression.span, scope)
        }
        for path in references.paths(expression, scope).sorted() {
            add(index.rules(for: path), path, expression.span, scope)
        }
    }

    private mutating func add(_ rules: [ScanRule], _ what: String, _ span: Span, _ scope: ScopeID) {
        let file = references.program.scopes[scope].file
        let computed = ".\(RuleIndex.computed)"
        let shown = what.hasSuffix(computed) ? "an unnamed part of \(what.dropLast(computed.count))" : what
        for rule in rules {
            let message = "\(shown) \(rule.message)"
            guard seen.insert(Mark(file: file, line: span.line, message: message)).inserted else { continue }
            findings.append(
                ScanFinding(
                    rule: rule.id, message: message, path: references.program.export.files[file].path, line: span.line,
                    column: span.column + 1, policy: rule.policy))
        }
    }
}
