/// Charges and earnings. Entries are written by `DispatchStore.accept` and `finish`, in the transactions that accept the
/// results they are for.
public protocol UsageStore: Sendable {
    /// Newest first, those older than `before`.
    func entries(
        of subject: BillSubject, owner: UserID, before: UsageEntryID?, limit: Int
    ) async throws -> [UsageEntry]
    /// What a node of this owner has earned; newest first, those older than `before`.
    func entries(
        of node: NodeID, owner: UserID, before: UsageEntryID?, limit: Int
    ) async throws -> [UsageEntry]
    /// nil when there is no such job or group of this owner, or the job belongs to a group.
    func bill(of subject: BillSubject, owner: UserID) async throws -> Bill?
    /// Pays for all that was done, exactly once: what is paid never changes.
    /// - Throws: `BillRefusal`
    func settle(
        _ subject: BillSubject, owner: UserID, idempotency: Idempotency<Bill>?
    ) async throws -> Once<Bill>
    /// What jobs of this owner cost so far, members of groups among them; those that cost nothing are left out.
    func amounts(of jobs: [JobID], owner: UserID) async throws -> [JobID: MicroUnits]
    /// The bills of these groups of this owner, in one step.
    func bills(of groups: [JobGroupID], owner: UserID) async throws -> [Bill]
    /// By node; those that have earned nothing are left out.
    func earnings(ofNodesOf owner: UserID) async throws -> [NodeID: Earnings]
    func statistics() async throws -> Statistics
    /// How much work on a node of this owner (nil: of the cluster) costs from now on.
    /// - Parameter factor: thousandths, 0 ... 1,000,000.
    /// - Returns: false when there is no such node.
    func setFactor(_ factor: Int32, of node: NodeID, owner: UserID?) async throws -> Bool
}
