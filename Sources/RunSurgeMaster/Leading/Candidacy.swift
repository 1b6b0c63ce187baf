internal import Logging
internal import RunSurgeCore

/// A master's place among those of its database: it waits to lead, and keeps the right to as long as it can.
actor Candidacy {
    private let election: any LeaderElection
    private let persistence: Persistence
    private let logger: Logger
    private var leadership: (any Leadership)?

    init(election: any LeaderElection, persistence: Persistence, logger: Logger) {
        self.election = election
        self.persistence = persistence
        self.logger = logger
    }

    /// Leads if nobody else does.
    func leadNow() async throws -> Bool {
        leadership = try await persistence.persist("leadership") { try await election.leadNow() }
        return leadership != nil
    }

    /// Returns when this master leads.
    func lead() async throws {
        leadership = try await persistence.persist("leadership") { try await election.lead() }
    }

    /// Returns when another master leads. A right that was lost with its connection is taken again as long as nobody
    /// else has it: a restart of the database changes no leader.
    func waitForLoss() async throws {
        while let held = leadership {
            await held.waitForLoss()
            try Task.checkCancellation()
            logger.warning("the connection that holds the leadership is lost")
            await held.release()
            guard try await leadNow() else { return }
            logger.notice("the leadership is held again")
        }
    }

    /// Lets another lead. Idempotent.
    func release() async {
        await leadership?.release()
        leadership = nil
    }
}
