/// The kinds of socket in use.
public enum SocketKind: Sendable, Hashable, CaseIterable {
    case router, dealer, push, pull, pub, sub, xpub, xsub

    /// Whether `send` can ever work; an XSUB sends its subscriptions, an XPUB publishes.
    public var canSend: Bool {
        switch self {
        case .router, .dealer, .push, .pub, .xpub, .xsub: true
        case .pull, .sub: false
        }
    }

    /// Whether messages can ever arrive; an XPUB receives subscriptions.
    public var canReceive: Bool {
        switch self {
        case .router, .dealer, .pull, .sub, .xpub, .xsub: true
        case .push, .pub: false
        }
    }
}
