import Testing

@testable import PostgreSQL

@Suite struct PoolStateMachineTests {
    /// Any order of events keeps the invariants, and every waiter is told its end exactly once.
    @Test(arguments: 0..<200) func survivesAnyOrderOfEvents(seed: Int) {
        var random = SplitMix(state: UInt64(seed))
        var machine = PoolStateMachine(
            PoolConfiguration(minimumConnections: seed % 3, maximumConnections: 4, maximumWaiters: 5))
        var world = World()
        for step in 0..<400 {
            let event = world.nextEvent(&random, closing: step == 380)
            world.carryOut(machine.handle(event, now: .milliseconds(step)))
            #expect(machine.violatedInvariant() == nil, "seed \(seed), step \(step), event \(event)")
        }
        while let event = world.settlingEvent() { world.carryOut(machine.handle(event, now: .seconds(10))) }
        #expect(world.openWaiters.isEmpty, "seed \(seed)")
        #expect(world.closedCount == 1, "seed \(seed)")
        #expect(world.mistakes == [], "seed \(seed)")
    }

    private struct World {
        var openWaiters: Set<PoolStateMachine.WaiterID> = []
        var connecting: [PoolStateMachine.ConnectionID] = []
        var leased: [PoolStateMachine.ConnectionID] = []
        var all: Set<PoolStateMachine.ConnectionID> = []
        var retries = 0
        var closedCount = 0
        var nextWaiter = 0
        var mistakes: [String] = []

        mutating func nextEvent(_ random: inout SplitMix, closing: Bool) -> PoolStateMachine.Event {
            if closing { return .close }
            switch Int.random(in: 0..<9, using: &random) {
            case 0 where !connecting.isEmpty: return .connected(connecting.removeFirst())
            case 1 where !connecting.isEmpty: return .connectFailed(connecting.removeLast())
            case 2 where !leased.isEmpty, 3 where !leased.isEmpty:
                return .released(leased.removeFirst(), isUsable: Bool.random(using: &random))
            case 4: return all.randomElement(using: &random).map { .connectionBroke($0) } ?? .tick
            case 5: return openWaiters.randomElement(using: &random).map { .waiterTimedOut($0) } ?? .tick
            case 6 where retries > 0:
                retries -= 1
                return .retry
            case 7: return .tick
            default:
                nextWaiter += 1
                openWaiters.insert(.init(value: nextWaiter))
                return .acquire(.init(value: nextWaiter))
            }
        }

        mutating func settlingEvent() -> PoolStateMachine.Event? {
            if !connecting.isEmpty { return .connected(connecting.removeFirst()) }
            if !leased.isEmpty { return .released(leased.removeFirst(), isUsable: true) }
            return nil
        }

        mutating func carryOut(_ effects: [PoolStateMachine.Effect]) {
            for effect in effects {
                switch effect {
                case .connect(let connection):
                    connecting.append(connection)
                    if !all.insert(connection).inserted { mistakes.append("connected twice") }
                case .disconnect(let connection):
                    if all.remove(connection) == nil { mistakes.append("disconnected what was not there") }
                case .lease(let connection, let waiter):
                    if openWaiters.remove(waiter) == nil { mistakes.append("served twice") }
                    if leased.contains(connection) { mistakes.append("leased twice") }
                    leased.append(connection)
                case .fail(let waiter, _):
                    if openWaiters.remove(waiter) == nil { mistakes.append("refused twice") }
                case .scheduleRetry: retries += 1
                case .closed: closedCount += 1
                }
            }
        }
    }

    private struct SplitMix: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return z ^ (z >> 31)
        }
    }
}
