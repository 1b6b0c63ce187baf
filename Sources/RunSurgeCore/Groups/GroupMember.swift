/// One place of a group, and the job that fills it. Members are numbered from 1; a retry puts another job in the place.
public struct GroupMember: Sendable, Equatable {
    public let group: JobGroupID
    /// 1 ... the group's `memberCount`.
    public let ordinal: Int
    public let job: JobID
    /// `submitted` while its archive is awaited.
    public let state: JobState
    /// Whether its archive has come.
    public let isReady: Bool
    public let exitStatus: Int32?
    /// Why RunSurge could not run it, a sentence.
    public let failure: String?
    /// As its uploader called it; nil before its first piece.
    public let archiveName: String?
    /// Bytes that its worker must have; nil: any will do.
    public let requiredMemory: Int64?

    public init(
        group: JobGroupID, ordinal: Int, job: JobID, state: JobState, isReady: Bool, exitStatus: Int32?,
        failure: String?, archiveName: String?, requiredMemory: Int64?
    ) {
        self.group = group
        self.ordinal = ordinal
        self.job = job
        self.state = state
        self.isReady = isReady
        self.exitStatus = exitStatus
        self.failure = failure
        self.archiveName = archiveName
        self.requiredMemory = requiredMemory
    }

    /// Whether it has ended, and not well: it may be retried.
    public var isUnsuccessful: Bool { state.isFinal && exitStatus != 0 }
}
