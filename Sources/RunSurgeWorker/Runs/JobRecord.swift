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
}
