internal import RunSurgeCore

extension WorkerMachine {
    mutating func driverWaits(_ key: WorkKey) {
        guard case .running(let slot)? = held[key]?.stage, key.isDriver else { return }
        slots[slot].driver = nil
        held[key]?.stage = .waiting
    }

    mutating func driverWantsSlot(_ key: WorkKey) {
        switch held[key]?.stage {
        case .waiting:
            held[key]?.stage = .wanting
            wanting.append(key)
        // It never gave its slot up: granted at once, by way of the line, so that the order is the same.
        case .running(let slot) where key.isDriver:
            slots[slot].driver = nil
            held[key]?.stage = .wanting
            wanting.insert(key, at: 0)
        default: return
        }
    }

    mutating func driverEnded(_ key: WorkKey) {
        guard let unit = held[key], key.isDriver else { return }
        for slot in slots.indices where slots[slot].driver == key { slots[slot].driver = nil }
        wanting.removeAll { $0 == key }
        if unit.stage == .dying {
            held[key] = nil
        } else {
            held[key]?.stage = .finished
        }
    }
}

extension WorkerMachine {
    /// What must hold after every event; nil when it does. For tests and the simulator.
    public var brokenInvariant: String? {
        var seen: Set<WorkKey> = []
        for (index, slot) in slots.enumerated() {
            if slot.driver != nil, slot.pipeCount > 0 { return "slot \(index) runs a driver and chunks" }
            for key in (slot.process?.pipe ?? []) + (slot.driver.map { [$0] } ?? []) {
                guard seen.insert(key).inserted else { return "\(key) runs twice" }
                guard let unit = held[key] else { return "\(key) runs and is not held" }
                if unit.stage != .running(slot: index), unit.stage != .dying { return "\(key) is \(unit.stage)" }
                if let process = slot.process, !key.isDriver, process.job != key.job {
                    return "\(key) runs in a process of job \(process.job)"
                }
            }
        }
        for (key, unit) in held {
            switch unit.stage {
            case .running where !seen.contains(key): return "\(key) runs nowhere"
            case .queued where !(key.isDriver ? driverQueue : queue).contains(key): return "\(key) waits nowhere"
            case .wanting where !wanting.contains(key): return "\(key) is in no line"
            case .finished where seen.contains(key): return "\(key) has finished and runs"
            default: continue
            }
        }
        return nil
    }
}
