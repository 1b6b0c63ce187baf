import RunSurgeCore
import RunSurgeScheduling

/// A machine on which a master runs: as the leader, or standing by.
final class MasterHost {
    enum Role { case down, standingBy, leading }

    /// What waits for one writer or reader of the store.
    struct Lane {
        var waiting: [StoreWork] = []
        var batch: ArraySlice<StoreWork> = []
        var isBusy = false
    }

    let index: Int
    /// Counts the processes and terms that ran here.
    var incarnation = 0
    var role = Role.down
    var machine = DispatchMachine(term: 0)
    var isListening = false
    var stalledUntil: Int64 = 0
    var lastStep: Int64 = 0
    /// Which worker's connection speaks for which session.
    var links: [SessionID: Int] = [:]
    var greeting: Set<SessionID> = []
    /// Jobs whose end is not stored yet.
    var leaving: Set<JobID> = []
    var lanes = [Lane(), Lane(), Lane()]
    var ticks = 0

    static let writes = 0
    static let aggregation = 1
    static let reads = 2

    init(index: Int) { self.index = index }

    /// A clock of its own.
    func time(_ now: Int64) -> MonotonicTime {
        MonotonicTime(nanoseconds: (now + Int64(index + 1) * 7_000_000_000) * 1_000)
    }

    /// Ends whatever runs here; what it had in hand is lost.
    func end() {
        incarnation += 1
        role = .down
        isListening = false
        links = [:]
        greeting = []
        leaving = []
        lanes = [Lane(), Lane(), Lane()]
        ticks = 0
    }
}
