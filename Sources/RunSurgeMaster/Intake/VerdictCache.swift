internal import OrderedCollections
internal import RunSurgeCore
internal import Synchronization

/// What was said of the last few codes: the same script comes again and again.
final class VerdictCache: Sendable {
    typealias Verdict = Result<[ScanFinding], CodeRefusal>

    /// Code by what it holds, and the paths that findings name.
    struct Key: Hashable, Sendable {
        private struct File: Hashable {
            let path: String
            let sha256: String
        }

        private enum Kind { case job, script, aggregator }

        private let kind: Kind
        private let files: [File]

        init(_ code: SubmittedCode) {
            kind =
                switch code {
                case .job: .job
                case .script: .script
                case .aggregator: .aggregator
                }
            let sources = code.sources
            files = ([sources.script] + sources.modules.map(\.entry)).map {
                File(path: $0.path, sha256: $0.blob.sha256)
            }
        }
    }

    private static let capacity = 1_000

    private let verdicts = Mutex<OrderedDictionary<Key, Verdict>>([:])

    subscript(key: Key) -> Verdict? {
        get {
            verdicts.withLock { verdicts in
                // The one used last is the last one.
                guard let known = verdicts.removeValue(forKey: key) else { return nil }
                verdicts[key] = known
                return known
            }
        }
        set {
            verdicts.withLock { verdicts in
                verdicts[key] = newValue
                if verdicts.count > Self.capacity { verdicts.removeFirst() }
            }
        }
    }
}
