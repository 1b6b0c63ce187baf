/// The durations and bounds that the dispatcher keeps.
public struct DispatchConfiguration: Sendable {
    /// How long a lease lives without renewal; at least six renewals of the workers.
    public var leaseDuration: Duration = .seconds(30)
    /// How long the leases of a session live on after its connection was seen to be gone.
    public var reconnectGrace: Duration = .seconds(5)
    /// Without a sign of life for this long a worker counts as dead and is given nothing.
    public var nodeTimeout: Duration = .seconds(15)
    /// How long a new master waits for the workers of the last one to come back with what they hold.
    public var takeoverGrace: Duration = .seconds(10)
    /// Between two events; a longer silence was the master's own, and is added to every lease.
    public var stallThreshold: Duration = .seconds(3)
    /// Bytes of accepted results kept for all drivers; the others are read back from the store.
    public var cachedResultBytes = 64 << 20
    /// Slots and memory that a region is planned for when no worker is attached.
    public var assumedSlots = 2
    public var assumedMemoryPerSlot: Int64 = 1 << 30

    public init() {}

    /// Nobody is waited for longer than a lease lives.
    public init(leaseDuration: Duration) {
        self.leaseDuration = leaseDuration
        reconnectGrace = min(reconnectGrace, leaseDuration)
        nodeTimeout = min(nodeTimeout, leaseDuration)
        takeoverGrace = min(takeoverGrace, leaseDuration)
        stallThreshold = min(stallThreshold, leaseDuration / 2)
    }
}
