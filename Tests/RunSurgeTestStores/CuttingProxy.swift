import NIOCore
import NIOPosix
import Synchronization

/// Forwards connections to a port of loopback, which may change, and cuts each of the first few after so many bytes of
/// the answer.
public final class CuttingProxy: Sendable {
    private let channel: any Channel
    private let cuts: Cuts
    private let target: Target

    public var port: Int { channel.localAddress?.port ?? 0 }
    /// Connections that were cut so far.
    public var cutConnections: Int { cuts.done.withLock { $0 } }

    private final class Target: Sendable {
        let port: Mutex<Int>

        init(_ port: Int) { self.port = Mutex(port) }
    }

    fileprivate final class Cuts: Sendable {
        let left: Mutex<Int>
        let done = Mutex(0)
        let afterBytes: Int

        init(count: Int, afterBytes: Int) {
            left = Mutex(count)
            self.afterBytes = afterBytes
        }

        /// Whether a new connection is to be cut.
        func take() -> Bool {
            left.withLock { left in
                guard left > 0 else { return false }
                left -= 1
                return true
            }
        }
    }

    /// - Parameter cuts: connections that carry more than `afterBytes` of answer and are cut then.
    public init(to port: Int, cuts: Int = 0, afterBytes: Int = 0) async throws {
        let state = Cuts(count: cuts, afterBytes: afterBytes)
        let target = Target(port)
        self.cuts = state
        self.target = target
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelOption(.autoRead, value: false)
            .childChannelInitializer { client in
                ClientBootstrap(group: client.eventLoop)
                    .channelOption(.autoRead, value: false)
                    .connect(host: "127.0.0.1", port: target.port.withLock { $0 })
                    .flatMapThrowing { server in
                        try client.pipeline.syncOperations.addHandler(Forwarder(to: server, cuts: nil))
                        try server.pipeline.syncOperations.addHandler(Forwarder(to: client, cuts: state))
                        server.read()
                    }
            }
            .bind(host: "127.0.0.1", port: 0).get()
    }

    /// Where new connections go from now on.
    public func forward(to port: Int) { target.port.withLock { $0 = port } }

    public func close() async throws { try await channel.close() }
}

/// Writes what it reads to a partner, one piece at a time.
private final class Forwarder: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let partner: any Channel
    private let cuts: CuttingProxy.Cuts?
    private var count = 0

    init(to partner: any Channel, cuts: CuttingProxy.Cuts?) {
        self.partner = partner
        self.cuts = cuts
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        count += bytes.readableBytes
        if let cuts, count > cuts.afterBytes, cuts.take() {
            cuts.done.withLock { $0 += 1 }
            partner.close(promise: nil)
            context.close(promise: nil)
            return
        }
        let channel = context.channel
        partner.writeAndFlush(bytes).whenComplete { result in
            switch result {
            case .success: channel.read()
            case .failure: channel.close(promise: nil)
            }
        }
    }

    func channelActive(context: ChannelHandlerContext) { context.read() }

    func channelInactive(context: ChannelHandlerContext) { partner.close(promise: nil) }
}
