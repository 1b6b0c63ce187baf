import Testing

@testable import RunSurgeWorker

/// Which master is greeted, and where its other endpoints are.
@Suite struct EndpointTests {
    @Test func theNextMasterIsTriedInTurn() {
        var ring = EndpointRing(["a", "b", "c"])
        #expect((0..<5).map { _ in ring.next() } == ["a", "b", "c", "a", "b"])
        ring.stay()
        #expect(ring.next() == "b")
        #expect(ring.next() == "c")
    }

    @Test func oneMasterIsTriedForEver() {
        var ring = EndpointRing(["a"])
        #expect((0..<3).map { _ in ring.next() } == ["a", "a", "a"])
    }

    @Test(arguments: [
        ("tcp://*:50052", "tcp://10.0.0.1:50051", "tcp://10.0.0.1:50052"),
        ("http://*:8000", "tcp://10.0.0.1:50051", "http://10.0.0.1:8000"),
        ("tcp://*:50052", "tcp://[fe80::1]:50051", "tcp://[fe80::1]:50052"),
        ("tcp://other:1", "tcp://10.0.0.1:50051", "tcp://other:1"), ("", "tcp://10.0.0.1:50051", ""),
        ("tcp://*:1", "ipc:///tmp/socket", "tcp://*:1"),
    ])
    func aMasterOnAllAddressesIsWhereItWasGreeted(named: String, greeted: String, reached: String) {
        #expect(WorkLink.reachable(named, from: greeted) == reached)
    }

    @Test(arguments: [
        ("tcp://127.0.0.1:50051", true), ("tcp://localhost:50051", true), ("ipc:///tmp/socket", true),
        ("tcp://192.0.2.1:50051", false), ("tcp://[2001:db8::1]:1", false), ("tcp://no.such.host.invalid:1", false),
    ])
    func pathsAreSharedOnlyOnThisMachine(endpoint: String, isOwn: Bool) {
        #expect(OwnAddresses.includeHost(of: endpoint) == isOwn)
    }
}
