import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// Ends connections whose peer is stuck, which the server's own idle timeout does not see:
/// - one that takes nothing while an answer waits to be written is closed after a while;
/// - after an answer with `Connection: close` the rest of the request is read only for a while, so that the peer
///   can read the answer before the connection is gone.
final class ConnectionGuard: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// What a peer gets to read its answer and to stop sending. Long, because many clients look for an answer only
    /// when they have sent everything; what they send meanwhile is thrown away.
    private static let lingering = TimeAmount.seconds(60)

    private let stalledWriteTimeout: TimeAmount
    private var stalled: Scheduled<Void>?
    private var linger: Scheduled<Void>?
    private var isLastAnswer = false

    init(stalledWriteTimeout: Duration) { self.stalledWriteTimeout = TimeAmount(stalledWriteTimeout) }

    func handlerRemoved(context: ChannelHandlerContext) {
        stalled?.cancel()
        linger?.cancel()
    }

    func channelInactive(context: ChannelHandlerContext) {
        stalled?.cancel()
        linger?.cancel()
        context.fireChannelInactive()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        stalled?.cancel()
        stalled = context.channel.isWritable ? nil : close(context, after: stalledWriteTimeout)
        context.fireChannelWritabilityChanged()
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(let head) where head.status.kind != .informational:
            isLastAnswer = head.headerFields[.connection]?.lowercased() == "close"
            context.write(data, promise: promise)
        case .end where isLastAnswer:
            context.writeAndFlush(data, promise: promise)
            context.close(mode: .output, promise: nil)
            linger = close(context, after: Self.lingering)
        case .head, .body, .end:
            context.write(data, promise: promise)
        }
    }

    private func close(_ context: ChannelHandlerContext, after delay: TimeAmount) -> Scheduled<Void> {
        let channel = context.channel
        return context.eventLoop.scheduleTask(in: delay) { channel.close(promise: nil) }
    }
}
