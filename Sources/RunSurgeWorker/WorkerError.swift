/// Why a worker can't start or go on; the text says what to do.
public enum WorkerError: Error, CustomStringConvertible, Equatable {
    /// Something that it needs is missing on this machine.
    case setup(String)
    /// The master will never take this worker.
    case refused(String)

    public var description: String {
        switch self {
        case .setup(let text): text
        case .refused(let reason): "The master refuses this worker: \(reason)"
        }
    }
}
