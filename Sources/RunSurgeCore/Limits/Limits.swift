/// Every bound of the system in one place, with what happens at it.
public enum Limits {
    /// Bytes of a script; a larger one is refused with 413.
    public static let scriptBytes: Int64 = 10 << 20
    /// Bytes of one uploaded file; a larger one is refused with 413 before it is stored whole.
    public static let uploadBytes: Int64 = 4 << 30
    /// Bytes of one whole submission; a larger one is refused with 413 before it is read. What does not fit goes ahead
    /// of it, file by file, to `PUT /api/blob/{sha256}`.
    public static let submissionBytes: Int64 = uploadBytes + (64 << 20)
    /// Files of one submission; more are refused with 422.
    public static let inputFiles = 10_000
    /// Bytes of all command-line arguments; more are refused with 422.
    public static let argumentBytes = 1 << 20
    /// Bytes of one chunk message; a larger environment becomes a blob.
    public static let chunkMessageBytes = 1 << 20
    /// Bytes of effects that travel inside a result; more become a blob.
    public static let inlineResultBytes = 256 << 10
    /// Bytes of one protocol frame; a larger one is dropped and counted.
    public static let frameBytes = 16 << 20
    /// Work items in one Assign.
    public static let assignItems = 256
    /// Leases that one message may name; a longer list is dropped.
    public static let leasesNamed: Int64 = 1 << 18
    /// Results in one batch, and its bytes.
    public static let resultBatchItems = 1_000
    public static let resultBatchBytes = 1 << 20
    /// Chunks of one region; the planner makes chunks larger instead.
    public static let chunksPerRegion: Int64 = 10_000_000
    /// Bytes of results that wait at the driver before they are committed.
    public static let regionWindowBytes: Int64 = 64 << 20
    /// Bytes of each live log stream kept in the database; the rest is in the output blob at the end.
    public static let logStreamBytes: Int64 = 64 << 20
    /// Times a driver may be lost before its job fails.
    public static let driverAttempts: Int64 = 5
    /// Losses of one chunk (crash, worker lost while it ran) before its job falls back to running it in the driver. They
    /// must have happened on two nodes at least where there are two that can run it, or have reached the second number.
    public static let chunkLosses = 3
    public static let chunkLossesAnywhere = 6
    /// Pieces that a worker may run one chunk in, for lack of memory, and processes that it may start for them; beyond,
    /// the chunk counts as lost.
    public static let chunkPieces = 4_096
    public static let chunkRestarts = 32
    /// Bytes of all effects of one chunk; beyond, the driver goes on natively.
    public static let chunkEffectBytes = 48 << 20
    /// Modules that a worker names, and bytes of each name; it keeps quiet about the others.
    public static let workerModules = 2_000
    public static let moduleNameBytes = 100
    /// Modules of a job that its workers are chosen by; the others are not looked at.
    public static let jobModules = 64
    /// Bytes of the analysis process's answer; a larger one runs unsplit.
    public static let syntaxTreeBytes = 256 << 20
    /// Bytes of a path, below Linux's own bound by what a worker puts in front of it, and of a job's name; longer ones are
    /// refused with 422.
    public static let pathBytes = 4_000
    public static let nameBytes = 255
    /// Bytes of a `specification` part, and of any other field of a form that is not a file; more are refused with 413.
    public static let specificationBytes = 16 << 20
    /// Bytes of a JSON body; a larger one is refused with 413.
    public static let jsonBodyBytes = 64 << 10
    /// How long the history of nodes is kept; older days are dropped.
    public static let nodeLogLife = Duration.seconds(30 * 86_400)
    /// Nodes that a master remembers after they are gone; past it those gone for longest are forgotten.
    public static let goneNodes = 1_000
    /// Enrolment tokens of one user that are unused and not expired; a further one is refused with 409.
    public static let enrolmentTokens = 1_000
    /// Nodes of one user that were announced and nothing was ever enrolled for; a further one is refused with 409.
    public static let announcedNodes = 1_000
    /// Public keys of masters that a worker remembers and tries; the oldest go first.
    public static let serverKeys = 16
    /// Peers with unknown keys that wait for the store to be read, and keys known to be unknown; past it the oldest have
    /// to come again.
    public static let unknownKeys = 4_096
    /// Archives of one group; more are refused with 422.
    public static let groupMembers = 1_000
    /// Pieces of one upload; more are refused with 422.
    public static let uploadPieces = 10_000
    /// How long a job waits for the next piece of its upload; then it fails.
    public static let uploadPatience = Duration.seconds(86_400)
    /// Findings of a scan that are kept and shown; the others are left out.
    public static let scanFindings = 200
    /// Bytes of an idempotency key; a longer one is refused with 422.
    public static let idempotencyKeyBytes = 255
    /// Bytes of an answer that is kept for a repetition; a larger one fails the request.
    public static let storedAnswerBytes = 1 << 20
    /// How long a request can be repeated under its idempotency key.
    public static let idempotencyLife = Duration.seconds(86_400)
    /// Valid API tokens of one user; a further one is refused with 409.
    public static let apiTokens = 100
    /// What a user may have at once unless an administrator says otherwise; more is refused with 413 and 429.
    public static let userBlobBytes: Int64 = 1 << 40
    public static let userJobs = 1_000_000
    /// How long changes are kept for whoever comes back with a Last-Event-ID.
    public static let eventLife = Duration.seconds(86_400)
    /// Results, pages and lists of one REST answer.
    public static let pageItems = 1_000
}
