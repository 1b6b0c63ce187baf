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
    /// Bytes; grows when a chunk wants more.
    var memory: Int64
    var python: PythonProcess?
    /// In the order of their arrival; written once the process is there and their region loaded.
    var unsent: [Chunk] = []
    /// Not answered yet, in the order in which the process takes them.
    var sent: [Chunk] = []
    /// Since when it computes the first of these; nil: it has nothing to do.
    var busySince: MonotonicTime?
    /// Of chunks among these that are not run whole.
    var pieces: [WorkKey: ChunkPieces] = [:]
    var loaded: Set<RegionID> = []
    /// It has been told its job.
    var isReady = false
    var isLoading = false
    var isEnding = false
    /// The process goes, its chunks stay: why it has to be replaced.
    var replacement: Replacement?
    /// Frames of this turn, written together.
    var outgoing: [Outgoing] = []
    /// Why it could not be started or used.
    var fault: String?
    var end: ProcessEnd?
    var framesHaveEnded = false

    enum Replacement {
        /// It has too little room for the next piece.
        case wanted
        /// Python could not allocate.
        case outOfMemory
    }

    /// Everything of the process at hand is forgotten; what it has not answered is sent to the next.
    func begin() {
        unsent = sent + unsent
        sent = []
        python = nil
        loaded = []
        isReady = false
        isLoading = false
        outgoing = []
        end = nil
        framesHaveEnded = false
        replacement = nil
    }

    init(id: WorkerProcessID, job: JobID, memory: Int64) {
        self.id = id
        self.job = job
        self.memory = memory
    }

    /// Where among `sent` the chunk is that a frame speaks of.
    func position(of frame: Frame) -> Int? {
        guard let region = frame.head["region"]?.integer, let index = frame.head["index"]?.integer else { return nil }
        return position(of: index, in: region)
    }

    func position(of index: Int64, in region: Int64) -> Int? {
        sent.firstIndex { $0.region.rawValue == region && $0.key.chunk == index }
    }

    /// Has the process run a chunk: together with the last one when it comes next to it and both are run whole.
    func command(_ chunk: Chunk) {
        if let part = pieces[chunk.key]?.command {
            let name: [String: JSONValue] = [
                "t": .string("chunk"), "region": .integer(chunk.region.rawValue), "index": .integer(chunk.key.chunk),
            ]
            outgoing.append(.frame(Frame(part.merging(name) { $1 })))
        } else if case .chunks(var run)? = outgoing.last, run.isContinued(by: chunk) {
            run.bounds.append(chunk.range.upperBound)
            outgoing[outgoing.count - 1] = .chunks(run)
        } else {
            outgoing.append(
                .chunks(
                    Run(
                        region: chunk.region, first: chunk.key.chunk,
                        bounds: [chunk.range.lowerBound, chunk.range.upperBound])))
        }
    }

    /// Consecutive chunks to be run whole.
    struct Run {
        /// In one frame.
        private static let most = 512

        let region: RegionID
        let first: Int64
        /// One more than there are chunks.
        var bounds: [Int64]

        func isContinued(by chunk: Chunk) -> Bool {
            region == chunk.region && first + Int64(bounds.count) - 1 == chunk.key.chunk
                && bounds.last == chunk.range.lowerBound && bounds.count <= Self.most
        }

        var frame: Frame {
            Frame([
                "t": .string("chunks"), "region": .integer(region.rawValue), "index": .integer(first),
                "bounds": .array(bounds.map(JSONValue.integer)),
            ])
        }
    }

    enum Outgoing {
        case frame(Frame)
        case chunks(Run)

        var frame: Frame {
            switch self {
            case .frame(let frame): frame
            case .chunks(let run): run.frame
            }
        }
    }

    /// What the process noted of its progress.
    var page: ProgressPage? { python.flatMap { ProgressPage(path: $0.folder.progress) } }

    /// The records of a chunk that the process was at; nil when that is not known.
    func place(of key: WorkKey) -> String? {
        guard let page, page.chunk == key.chunk, page.progress.given > 0 else { return nil }
        let before = pieces[key]?.records ?? 0
        let (first, last) = (before + page.progress.passed + 1, before + page.progress.given)
        return first >= last ? "record \(last) of its chunk" : "one of the records \(first) to \(last) of its chunk"
    }
}
