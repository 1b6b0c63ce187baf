internal import RunSurgeCore

extension WorkerMachine {
    /// Gives free slots to drivers that come back, to new drivers, then to chunks; fills the pipes of busy ones.
    mutating func fill(_ now: MonotonicTime, _ effects: inout [WorkerEffect]) {
        guard link != .stopped else { return }
        while let key = wanting.first, fits(settings.slotMemory), let slot = slotForDriver() {
            wanting.removeFirst()
            occupy(slot, driver: key)
            effects.append(.grant(key))
            // From here on it costs its owner a slot.
            if isAttached, let token = held[key]?.token { effects.append(.started([token])) }
        }
        while wanting.isEmpty, let key = driverQueue.first, let unit = held[key], fits(settings.slotMemory),
            let slot = slotForDriver()
        {
            driverQueue.removeFirst()
            occupy(slot, driver: key)
            effects.append(.startDriver(unit.token, slot: slot, memory: unit.memory))
            effects.append(.started([unit.token]))
        }
        var placed = 0
        while placed < queue.count, place(queue[placed], now, &effects) { placed += 1 }
        queue.removeFirst(placed)
    }

    private mutating func occupy(_ slot: Int, driver key: WorkKey) {
        slots[slot].driver = key
        held[key]?.stage = .running(slot: slot)
    }

    /// Rather one without a warm process: that one may be needed again.
    private func slotForDriver() -> Int? {
        slots.firstIndex { $0.isFree && $0.process == nil } ?? slots.firstIndex { $0.isFree }
    }

    /// Alone, anything runs that the worker has accepted at all.
    private func fits(_ memory: Int64) -> Bool {
        let inUse = memoryInUse
        return inUse == 0 || inUse + memory <= settings.memoryBytes
    }

    private mutating func place(_ key: WorkKey, _ now: MonotonicTime, _ effects: inout [WorkerEffect]) -> Bool {
        guard let unit = held[key], unit.stage == .queued, let region = key.region else { return true }
        if let slot = freeSlot(for: key.job) {
            // Drivers that wait for a slot come first, and need this one.
            guard wanting.isEmpty, driverQueue.isEmpty, fits(unit.memory) else { return false }
            prepare(slot, for: unit, now, &effects)
            feed(slot, unit, now, &effects)
            return true
        }
        guard let slot = busySlot(for: unit, depth: pace.pipeDepth(of: region, settings)) else { return false }
        feed(slot, unit, now, &effects)
        return true
    }

    private func freeSlot(for job: JobID) -> Int? {
        slots.firstIndex { $0.isFree && $0.process?.job == job }
            ?? slots.firstIndex { $0.isFree && $0.process == nil } ?? slots.firstIndex { $0.isFree }
    }

    /// The process of the same job with the shortest pipe below `depth`, leaving alone what drivers wait for.
    private func busySlot(for unit: Held, depth: Int) -> Int? {
        let reserved = wanting.count + driverQueue.count
        let busy = slots.indices.lazy.filter { slots[$0].pipeCount > 0 }
        func suits(_ slot: Int) -> Bool {
            guard let process = slots[slot].process else { return false }
            return process.job == unit.token.key.job && process.pipe.count < depth && process.memory >= unit.memory
        }
        guard reserved > 0 else { return busy.filter(suits).min { slots[$0].pipeCount < slots[$1].pipeCount } }
        return busy.sorted { slots[$0].pipeCount > slots[$1].pipeCount }.dropLast(reserved).last(where: suits)
    }

    /// A process of another job goes, and one that was once given more than there is now; else one of this job stays.
    private mutating func prepare(_ slot: Int, for unit: Held, _ now: MonotonicTime, _ effects: inout [WorkerEffect]) {
        let job = unit.token.key.job
        if let process = slots[slot].process {
            if process.job == job, fits(max(process.memory, unit.memory)) { return }
            effects.append(.endProcess(process.id))
        }
        lastProcess += 1
        let id = WorkerProcessID(value: lastProcess)
        slots[slot].process = WarmProcess(id: id, job: job, memory: unit.memory, headSince: now, idleSince: now)
        effects.append(.startProcess(id, slot: slot, job: job, memory: unit.memory))
    }

    private mutating func feed(_ slot: Int, _ unit: Held, _ now: MonotonicTime, _ effects: inout [WorkerEffect]) {
        guard let id = slots[slot].process?.id, let former = slots[slot].process?.memory else { return }
        let memory = max(former, unit.memory)
        // In place: a copy of the process would copy its pipe.
        if slots[slot].pipeCount == 0 { slots[slot].process?.begin(now) }
        slots[slot].process?.pipe.append(unit.token.key)
        slots[slot].process?.memory = memory
        held[unit.token.key]?.stage = .running(slot: slot)
        effects.append(.run(unit.token, on: id, memory: memory))
    }

    mutating func finished(_ key: WorkKey, seconds: Double, _ now: MonotonicTime) {
        guard let unit = held[key], case .running(let slot) = unit.stage, let region = key.region else { return }
        if slots[slot].process?.pipe.first == key {
            slots[slot].process?.begin(now)
            slots[slot].process?.pipe.removeFirst()
        } else {
            slots[slot].process?.pipe.removeAll { $0 == key }
        }
        if slots[slot].pipeCount == 0 { slots[slot].process?.idleSince = now }
        held[key]?.stage = .finished
        pace.note(region, seconds: seconds)
    }

    /// Tells the master of what has begun and is not over at once.
    mutating func reportStarts(_ now: MonotonicTime, _ effects: inout [WorkerEffect]) {
        guard isAttached else { return }
        var tokens: [LeaseToken] = []
        for slot in slots.indices {
            guard let process = slots[slot].process, let head = process.pipe.first, !process.isHeadReported,
                now - process.headSince >= settings.startReport, let token = held[head]?.token
            else { continue }
            slots[slot].process?.isHeadReported = true
            tokens.append(token)
        }
        if !tokens.isEmpty { effects.append(.started(tokens)) }
    }

    /// A new session's master may never have heard of it.
    mutating func repeatStarts(_ effects: inout [WorkerEffect]) {
        for slot in slots.indices { slots[slot].process?.isHeadReported = false }
        let drivers = held.values.filter { unit in
            switch unit.stage {
            case .running, .waiting, .wanting: unit.token.key.isDriver
            case .queued, .dying, .finished: false
            }
        }
        if !drivers.isEmpty { effects.append(.started(drivers.map(\.token).sorted { $0.key < $1.key })) }
    }

    /// The first chunk of its pipe is what it died of; the others never began.
    mutating func processEnded(_ id: WorkerProcessID, _ now: MonotonicTime, _ effects: inout [WorkerEffect]) {
        for slot in slots.indices {
            slots[slot].dying[id] = nil
            guard slots[slot].process?.id == id, let process = slots[slot].process else { continue }
            slots[slot].process = nil
            if let culprit = process.pipe.first {
                held[culprit]?.stage = .finished
                effects.append(.fail(culprit, on: id))
            }
            requeue(process.pipe.dropFirst())
        }
    }

    private mutating func requeue(_ keys: some Collection<WorkKey>) {
        for key in keys { held[key]?.stage = .queued }
        queue.insert(contentsOf: keys.filter { held[$0] != nil }, at: 0)
    }

    /// Ends warm processes that have had nothing to do for long.
    mutating func retire(_ now: MonotonicTime, _ effects: inout [WorkerEffect]) {
        for slot in slots.indices {
            guard let process = slots[slot].process, process.pipe.isEmpty,
                now - process.idleSince >= settings.idleProcessLife || isDraining
            else { continue }
            slots[slot].process = nil
            effects.append(.endProcess(process.id))
        }
    }

    /// Lets go of leases: what waits is forgotten, what runs is killed.
    mutating func drop(_ tokens: [LeaseToken], _ effects: inout [WorkerEffect]) {
        var gone: [WorkKey] = []
        for token in tokens {
            guard let unit = held[token.key], unit.token.epoch == token.epoch, unit.stage != .dying else { continue }
            if token.key.isDriver, unit.stage != .queued, unit.stage != .finished {
                held[token.key]?.stage = .dying
                wanting.removeAll { $0 == token.key }
                effects.append(.killDriver(token.key))
                continue
            }
            held[token.key] = nil
            gone.append(token.key)
            if case .running(let slot) = unit.stage { abandon(token.key, slot: slot, &effects) }
        }
        guard !gone.isEmpty else { return }
        let dropped = Set(gone)
        queue.removeAll(where: dropped.contains)
        driverQueue.removeAll(where: dropped.contains)
        effects.append(.forget(gone))
    }

    /// A chunk can't be taken out of a process that has read it: the process goes, its other chunks start over.
    private mutating func abandon(_ key: WorkKey, slot: Int, _ effects: inout [WorkerEffect]) {
        guard let process = slots[slot].process, process.pipe.contains(key) else { return }
        slots[slot].process = nil
        slots[slot].dying[process.id] = process.memory
        requeue(process.pipe.filter { $0 != key })
        effects.append(.killProcess(process.id))
    }
}
