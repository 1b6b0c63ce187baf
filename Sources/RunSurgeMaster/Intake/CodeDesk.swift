public import Logging
public import RunSurgeAnalysis
public import RunSurgeCore

/// Looks at submitted code: whether it can be read, and what the rules say of it.
public struct CodeDesk: CodeInspecting {
    private let blobs: any BlobStore
    private let syntax: any SyntaxExporting
    private let rules: ScanRules
    private let scanner: (any CodeScanning)?
    private let maker: PlanMaker
    private let verdicts = VerdictCache()

    /// - Parameter scanner: semgrep; nil: our own scan is all.
    public init(
        blobs: any BlobStore, syntax: any SyntaxExporting, rules: ScanRules, scanner: (any CodeScanning)?,
        logger: Logger
    ) {
        self.blobs = blobs
        self.syntax = syntax
        self.rules = rules
        self.scanner = scanner
        maker = PlanMaker(blobs: blobs, syntax: syntax, logger: logger)
    }

    public func plan(_ specification: JobSpecification) async throws -> [UInt8] {
        try await maker.plan(specification)
    }

    public func inspect(_ code: SubmittedCode) async throws -> [ScanFinding] {
        let key = VerdictCache.Key(code)
        if let known = verdicts[key] { return try known.get() }
        do {
            let findings = try await look(at: code)
            verdicts[key] = .success(findings)
            return findings
        } catch let refusal as CodeRefusal {
            // A scanner that has failed may work the next time.
            if case .notScanned = refusal { throw refusal }
            verdicts[key] = .failure(refusal)
            throw refusal
        }
    }

    private func look(at code: SubmittedCode) async throws -> [ScanFinding] {
        var sources = try await code.sources.read(from: blobs)
        if case .aggregator = code {
            let source = sources[0]
            sources[0] = SourceFile(
                module: source.module, path: source.path, bytes: AggregatorForm.syntaxSource(of: source.bytes))
            let tree = try await tree(of: sources)
            do {
                _ = try AggregatorForm.detect(source: source.bytes, syntaxJSON: tree)
            } catch {
                throw CodeRefusal.unreadable(error.description)
            }
            return try await scan(tree, sources)
        }
        let tree = try await tree(of: sources)
        do {
            return try await scan(tree, sources)
        } catch CodeRefusal.unreadable(_) where isTakenUnread(code) {
            return []
        }
    }

    /// Python itself says what is wrong with a whole script, and runs nothing of it.
    private func isTakenUnread(_ code: SubmittedCode) -> Bool {
        guard case .job = code else { return false }
        return !rules.rules.contains { $0.policy == .refuse }
    }

    private func tree(of sources: [SourceFile]) async throws -> [UInt8] {
        do {
            return try await syntax.exportSyntax(script: sources[0], modules: Array(sources[1...]))
        } catch let error as CancellationError {
            throw error
        } catch {
            throw CodeRefusal.notScanned("The code could not be parsed: \(error).")
        }
    }

    private func scan(_ tree: [UInt8], _ sources: [SourceFile]) async throws -> [ScanFinding] {
        let report: ScanReport
        do {
            report = try await joined(CodeScan.report(syntaxJSON: tree, rules: rules), sources)
        } catch let error as ScanError {
            guard case .unreadable(let sentence) = error else { throw CodeRefusal.notScanned(error.description) }
            throw CodeRefusal.unreadable(sentence)
        }
        if report.isRefused { throw CodeRefusal.found(report.findings) }
        return report.findings
    }

    private func joined(_ own: ScanReport, _ sources: [SourceFile]) async throws -> ScanReport {
        guard let scanner, let rules = try Semgrep.rules(rules) else { return own }
        let answer: [UInt8]
        do {
            answer = try await scanner.scan(rules: rules, files: sources.map(\.bytes))
        } catch let error as CancellationError {
            throw error
        } catch {
            throw ScanError.failed("\(error)")
        }
        return own.joined(
            with: try Semgrep.report(answer, rules: self.rules, paths: sources.map(\.path)))
    }
}

extension SubmittedCode {
    var sources: ScriptSources {
        switch self {
        case .job(let specification): ScriptSources(of: specification)
        case .script(let entry), .aggregator(let entry): ScriptSources(of: entry)
        }
    }
}
