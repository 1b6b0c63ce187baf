internal import RunSurgeCore
internal import RunSurgeScheduling

/// A warm process of one slot and job. Belongs to the agent's actor.
final class ChunkRun {
    struct Chunk {
        let key: WorkKey
        let region: RegionID
        let range: Range<Int64>
    }

    let id: WorkerProcessID
    let job: JobID
    let memory: Int64
    var python: PythonProcess?
    /// In the order of their arrival; written once the process is there and their region loaded.
    var unsent: [Chunk] = []
    var sent: [WorkKey: Chunk] = [:]
    var loaded: Set<RegionID> = []
    /// It has been told its job.
    var isReady = false
    var isLoading = false
    var isEnding = false
    /// Frames of this turn, written together.
    var outgoing: [Frame] = []
    /// Why it could not be started or used.
    var fault: String?
    var end: ProcessEnd?
    var framesHaveEnded = false

    init(id: WorkerProcessID, job: JobID, memory: Int64) {
        self.id = id
        self.job = job
        self.memory = memory
    }
}
