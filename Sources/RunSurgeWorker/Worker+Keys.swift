internal import RunSurgeProtocol
internal import ZeroMQ

/// Keys of the link: this worker's own, and those of the masters it knows.
extension Worker {
    /// What a connection to `endpoint` proves itself with; nil where no keys are asked for.
    func curve(for endpoint: String) -> CurveRole? {
        guard !endpoint.hasPrefix("ipc://"), let keys = configuration.keys,
            let serverKey = serverKeys.key(for: endpoint)
        else { return nil }
        return .client(keys: keys.pair, serverKey: serverKey)
    }

    /// A master was greeted and has said nothing: it is away, has another key, or does not know ours.
    func noteSilence(of endpoint: String) {
        guard serverKeys.failed(at: endpoint) else { return }
        logger.warning(
            "no answer: the master is away, or this worker's key is none of its keys (see `runsurge enroll`)",
            metadata: ["endpoint": "\(endpoint)"])
    }

    func learnServerKeys(_ welcome: WireWelcome) {
        let told = welcome.serverKeys.compactMap { CurvePublicKey(bytes: [UInt8]($0)) }
        guard let keys = configuration.keys, let endpoint = link?.endpoint, serverKeys.learn(told, at: endpoint) else {
            return
        }
        keys.remember(serverKeys.keys)
    }
}
