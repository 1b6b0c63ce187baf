/// Looks at code before it is taken. Nothing is run for it.
public protocol CodeInspecting: Sendable {
    /// What the scan has to say that does not keep the code out, in the order of the text.
    /// - Throws: `CodeRefusal`; any other error is a failure of this server, and the code is not to be taken then either.
    func inspect(_ code: SubmittedCode) async throws -> [ScanFinding]
    /// The plan that a job would get, as `Job.plan` shows it; nothing is stored.
    func plan(_ specification: JobSpecification) async throws -> [UInt8]
}

/// Code whose blobs are stored already.
public enum SubmittedCode: Sendable {
    /// A script and the other files of its job, of which those that it can import are looked at too. One that does not
    /// parse is taken where no rule refuses anything: Python's own error is its output.
    case job(JobSpecification)
    /// The one file of a simple job or of a group. It must parse.
    case script(FileEntry)
    /// A group's aggregator, in one of its two forms.
    case aggregator(FileEntry)
}

/// Why code is not taken; what is said is for who has sent it.
public enum CodeRefusal: Error, Equatable {
    /// A sentence: it does not parse, or is no aggregator.
    case unreadable(String)
    /// At least one of these has the policy `refuse`.
    case found([ScanFinding])
    /// The scanner has failed: what nobody has looked at does not pass. A sentence.
    case notScanned(String)
}
