public import RunSurgeCore

extension WorkerMachine {
    /// Every unacknowledged lease, in order of arrival; without those that are being killed.
    public var heldTokens: [LeaseToken] {
        held.values.filter { $0.stage != .dying }.sorted { $0.serial < $1.serial }.map(\.token)
    }

    /// Slots and places in line that nothing held here is meant for.
    var credit: (free: Int, prefetch: Int) {
        guard !isDraining, !isCongested else { return (0, 0) }
        let open = slots.count { $0.isFree }
        let free = max(0, open - queue.count - driverQueue.count - wanting.count)
        let waiting = queue.count + slots.reduce(0) { $0 + max(0, $1.pipeCount - 1) }
        return (free, max(0, pace.prefetch(settings) * slots.count - waiting))
    }

    /// Says what could be taken when it is worth a message, and renews the leases in time.
    mutating func pull(_ now: MonotonicTime, _ effects: inout [WorkerEffect]) {
        guard isAttached else { return }
        let interval = min(settings.renewalInterval, lease / 6)
        let isDue = lastPull.map { now - $0 >= interval } ?? true
        let credit = credit
        // Half of the places in line, so that short chunks cost one message for many of them.
        let step = max(1, pace.prefetch(settings) * slots.count / 2)
        let isWorthIt = credit.free > offered.free || credit.prefetch - offered.prefetch >= step
        let mustTakeBack = isDraining && (offered.free > 0 || offered.prefetch > 0)
        guard isDue || isWorthIt || mustTakeBack else { return }
        pullSequence += 1
        lastPull = now
        offered = credit
        effects.append(
            .pull(
                WorkerCredit(
                    freeSlots: credit.free, prefetch: credit.prefetch,
                    freeMemory: max(0, settings.memoryBytes - memoryInUse), held: heldTokens, sequence: pullSequence)))
    }

    mutating func assigned(_ units: [WorkUnit], _ now: MonotonicTime, _ effects: inout [WorkerEffect]) {
        let isLate = lastHeard.map { now - $0 > lease } ?? false
        for unit in units {
            if offered.free > 0 { offered.free -= 1 } else { offered.prefetch = max(0, offered.prefetch - 1) }
            if isLate { refuse(unit, &effects) } else { take(unit, &effects) }
        }
    }

    /// What comes is as old as the silence, for all that we know: somebody else may have it by now.
    private mutating func refuse(_ unit: WorkUnit, _ effects: inout [WorkerEffect]) {
        let known = held[unit.token.key]?.token.epoch
        if let known, known >= unit.token.epoch { return }
        effects.append(.reject(unit.token, reason: "it came when its lease could be over"))
        if known == nil { effects.append(.forget([unit.token.key])) }
    }

    private mutating func take(_ unit: WorkUnit, _ effects: inout [WorkerEffect]) {
        let key = unit.token.key
        if let known = held[key] {
            // The same lease again, or a late copy of an old one.
            if unit.token.epoch <= known.token.epoch { return }
            // Forgetting the old one takes along what came with the new one.
            drop([known.token], &effects)
            return effects.append(.reject(unit.token, reason: "an earlier attempt was still being ended"))
        }
        guard !isDraining else { return effects.append(.reject(unit.token, reason: "the worker is draining")) }
        guard unit.memory <= settings.memoryBytes else {
            let reason = "it needs \(unit.memory) bytes of memory and the worker has \(settings.memoryBytes)"
            return effects.append(.reject(unit.token, reason: reason))
        }
        lastSerial += 1
        let memory = unit.memory > 0 ? unit.memory : settings.slotMemory
        held[key] = Held(token: unit.token, memory: memory, serial: lastSerial, stage: .queued)
        if let region = key.region {
            queue.append(key)
            pace.expect(region)
        } else {
            driverQueue.append(key)
        }
    }

    mutating func settle(_ tokens: [LeaseToken], _ effects: inout [WorkerEffect]) {
        var gone: [WorkKey] = []
        for token in tokens {
            guard let known = held[token.key], known.stage == .finished, known.token.epoch == token.epoch else {
                continue
            }
            held[token.key] = nil
            gone.append(token.key)
        }
        if !gone.isEmpty { effects.append(.forget(gone)) }
    }

    mutating func recover(_ tokens: [LeaseToken]) {
        for token in tokens where held[token.key] == nil {
            lastSerial += 1
            held[token.key] = Held(token: token, memory: 0, serial: lastSerial, stage: .finished)
        }
    }

    /// Gives back what has not begun.
    mutating func drain(_ effects: inout [WorkerEffect]) {
        isDraining = true
        let waiting = held.values.filter { $0.stage == .queued }.sorted { $0.serial < $1.serial }.map(\.token)
        for token in waiting {
            held[token.key] = nil
            effects.append(.reject(token, reason: "the worker is draining"))
        }
        queue = []
        driverQueue = []
        if !waiting.isEmpty { effects.append(.forget(waiting.map(\.key))) }
    }
}
