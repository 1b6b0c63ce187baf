import Hummingbird
import RunSurgeCore

/// Has code looked at before it is taken.
struct CodeIntake: Sendable {
    /// Findings in the sentence that refuses.
    private static let namedReasons = 10

    let inspecting: any CodeInspecting

    /// What the scan has to say about code that is taken.
    /// - Throws: 400 naming line and reason; 503 when it could not be looked at.
    func findings(in code: SubmittedCode) async throws -> [ScanFinding] {
        do {
            return Array(try await inspecting.inspect(code).prefix(Limits.scanFindings))
        } catch let refusal as CodeRefusal {
            throw Self.error(for: refusal)
        }
    }

    /// The plan that a job would get, JSON.
    /// - Throws: as `findings`.
    func plan(_ specification: JobSpecification) async throws -> [UInt8] {
        do {
            return try await inspecting.plan(specification)
        } catch let refusal as CodeRefusal {
            throw Self.error(for: refusal)
        }
    }

    /// Of routes that have code looked at.
    static let refusals = [
        Refusal(.badRequest, "unreadable_code", "The code does not parse, or is no aggregator."),
        Refusal(.badRequest, "code_refused", "The scan has found what may not be run; `findings` says where and why."),
        Refusal(.serviceUnavailable, "not_scanned", "The scan has failed; what nobody has looked at is not taken."),
    ]

    private static func error(for refusal: CodeRefusal) -> APIError {
        switch refusal {
        case .unreadable(let reason): return APIError(.badRequest, "unreadable_code", reason)
        case .notScanned(let reason):
            return APIError(.serviceUnavailable, "not_scanned", reason, retryAfter: 30)
        case .found(let findings):
            let refused = findings.filter { $0.policy == .refuse }.prefix(Self.namedReasons)
            let reasons = refused.map { "\($0.path), line \($0.line): \($0.message)" }
            var error = APIError(
                .badRequest, "code_refused", "This code may not be run here. \(reasons.joined(separator: "; "))")
            error.findings = Array(findings.prefix(Limits.scanFindings))
            return error
        }
    }
}
