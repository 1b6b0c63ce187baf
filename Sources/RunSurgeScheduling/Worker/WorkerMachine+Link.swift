internal import RunSurgeCore

extension WorkerMachine {
    /// Whether a master has welcomed the present session.
    public var isAttached: Bool { if case .attached = link { true } else { false } }

    /// Whether it waits for a master's welcome.
    public var isGreeting: Bool { if case .greeting = link { true } else { false } }

    mutating func opened(_ session: UInt64, _ now: MonotonicTime, _ effects: inout [WorkerEffect]) {
        guard link == .opening else { return }
        link = .greeting(session: session, attempts: 1, next: now + settings.greetingInterval)
        effects.append(.hello(held: heldTokens))
    }

    mutating func welcomed(
        term: Int64, lease: Duration, keep: [LeaseToken], cancel: [LeaseToken], _ now: MonotonicTime,
        _ effects: inout [WorkerEffect]
    ) {
        guard case .greeting(let session, _, _) = link else { return }
        link = .attached(session: session)
        self.term = max(self.term, term)
        self.lease = max(lease, .milliseconds(500))
        lastHeard = now
        failures = 0
        lastPull = nil
        pullSequence = 0
        offered = (0, 0)
        reconcile(keep: keep, cancel: cancel, &effects)
        // Those first: a driver that waits says so after it.
        repeatStarts(&effects)
        effects.append(.resend)
    }

    /// What the new session's master does not know as ours is not ours; finished results are offered all the same,
    /// for only it can tell whether it has them.
    private mutating func reconcile(keep: [LeaseToken], cancel: [LeaseToken], _ effects: inout [WorkerEffect]) {
        var kept: Set<WorkKey> = []
        for token in keep where held[token.key]?.token.epoch == token.epoch {
            kept.insert(token.key)
            if held[token.key]?.token != token {
                held[token.key]?.token = token
                effects.append(.renamed(token))
            }
        }
        let lost = held.values.filter { !kept.contains($0.token.key) && $0.stage != .finished }.map(\.token)
        drop(lost.sorted { $0.key < $1.key } + cancel, &effects)
    }

    mutating func refused(_ reason: String, retry: Bool, _ now: MonotonicTime) {
        if retry { close(now) } else { link = .stopped }
    }

    mutating func heard(_ term: Int64?, _ now: MonotonicTime) {
        guard isAttached else { return }
        lastHeard = now
        // A new master knows nothing of this session: greet it at once.
        if let term, term > self.term {
            self.term = term
            link = .closed(until: now + jittered(settings.backoff.first))
        }
    }

    /// Opens, greets again, and gives up.
    mutating func keepLink(_ now: MonotonicTime, _ effects: inout [WorkerEffect]) {
        switch link {
        case .closed(let until) where until <= now:
            link = .opening
            effects.append(.open)
        case .greeting(let session, let attempts, let next) where next <= now:
            if attempts >= settings.greetingAttempts {
                close(now)
            } else {
                link = .greeting(
                    session: session, attempts: attempts + 1, next: now + settings.greetingInterval)
                effects.append(.hello(held: heldTokens))
            }
        case .attached where now - (lastHeard ?? now) > settings.silenceLimit: close(now)
        case .closed, .opening, .greeting, .attached, .stopped: break
        }
    }

    /// Ends what nobody can have renewed: the master has given it to others by now, or will.
    mutating func letGo(_ now: MonotonicTime, _ effects: inout [WorkerEffect]) {
        guard let lastHeard, now - lastHeard > lease else { return }
        let lost = held.values.filter { $0.stage != .finished && $0.stage != .dying }.map(\.token)
        drop(lost.sorted { $0.key < $1.key }, &effects)
    }

    private mutating func close(_ now: MonotonicTime) {
        let wait = settings.backoff.first * (1 << min(failures, 16))
        failures += 1
        link = .closed(until: now + jittered(min(wait, settings.backoff.longest)))
    }

    /// Between half of `wait` and all of it, so that the workers of a restarted master don't come all at once.
    private mutating func jittered(_ wait: Duration) -> Duration {
        jitter &+= 0x9e37_79b9_7f4a_7c15
        var bits = jitter
        bits = (bits ^ (bits >> 30)) &* 0xbf58_476d_1ce4_e5b9
        bits = (bits ^ (bits >> 27)) &* 0x94d0_49bb_1331_11eb
        bits ^= bits >> 31
        return wait * (0.5 + Double(bits >> 11) / Double(1 << 53) / 2)
    }
}
