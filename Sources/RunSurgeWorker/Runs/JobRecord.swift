internal import RunSurgeCore
internal import RunSurgeScheduling

/// A job that this host has work of.
final class JobRecord {
    let description: JobDescription
    let tree: JobTree
    var plan: Task<[UInt8], any Error>?
    var lastUse: MonotonicTime
    /// Interpreters that wait for the job's first chunks on this host.
    var warm: [PythonProcess] = []
    /// A driver of the job runs on this host.
    var isDriven = false

    init(description: JobDescription, tree: JobTree, now: MonotonicTime) {
        self.description = description
        self.tree = tree
        lastUse = now
    }
}

/// A region whose chunks this host may run.
struct RegionRecord {
    let id: RegionID
    let job: JobID
    let node: Int64
    let source: JSONValue
    let modes: JSONValue
    let environment: Payload
    let blobs: [BlobReference]
    var lastUse: MonotonicTime

    /// The source's units are records, not bytes.
    var countsRecords: Bool { file == nil }

    /// Of a source that reads one.
    private var file: JSONValue? {
        switch source["k"]?.text {
        case "lines": source
        case "csv", "numbered": source["lines"]
        default: nil
        }
    }

    /// Where in its source some units are, for people.
    func place(of range: Range<Int64>) -> String {
        if let file {
            let name = file["path"]?.text.map { " of \($0)" } ?? " of its file"
            return "; it is at the bytes \(range.lowerBound) to \(range.upperBound)\(name)"
        }
        // Counted from the first one of the loop, as people count.
        let taken = source["taken"]?.integer ?? 0
        let numbers = (range.lowerBound + taken + 1, range.upperBound + taken)
        return numbers.0 >= numbers.1
            ? "; it is the loop's record \(numbers.0)" : "; it is among the loop's records \(numbers.0) to \(numbers.1)"
    }
}
