/// Where a job stands. The raw values are those of the REST facade and of the database.
public enum JobState: String, Sendable, Codable, CaseIterable {
    /// Accepted; not analysed yet.
    case submitted
    /// Analysed; its driver waits for a slot.
    case pendingSchedule = "pending_schedule"
    case running
    /// The script ended by itself, whatever its exit status.
    case completed
    /// RunSurge could not run it to its end.
    case failed
    case cancelled

    public var isFinal: Bool {
        switch self {
        case .completed, .failed, .cancelled: true
        case .submitted, .pendingSchedule, .running: false
        }
    }

    /// Whether the state machine allows the step; a job never leaves a final state.
    public func canBecome(_ next: JobState) -> Bool {
        switch (self, next) {
        case (.submitted, .pendingSchedule), (.pendingSchedule, .running): true
        // A lost driver puts the job back in the queue.
        case (.running, .pendingSchedule), (.running, .completed): true
        case (let from, .failed), (let from, .cancelled): !from.isFinal
        default: false
        }
    }
}
