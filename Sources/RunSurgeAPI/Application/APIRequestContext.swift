import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NIOHTTPTypes

extension Request {
    /// Bytes of the body as its header says; nil: it says nothing.
    var announcedLength: Int64? { headers[.contentLength].flatMap { Int64($0) } }
}

/// What travels with a request.
struct APIRequestContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let channel: any Channel
    /// Set by `Authenticator.Middleware`.
    var identity: Identity?

    init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        channel = source.channel
    }

    /// The caller's address without the port; "unknown" where there is none.
    func address(of request: Request, isBehindProxy: Bool) -> String {
        if isBehindProxy, let name = HTTPField.Name("X-Forwarded-For"),
            let forwarded = request.headers[name]?.split(separator: ",").last
        {
            return String(forwarded).trimmingSpaces()
        }
        return channel.remoteAddress?.ipAddress ?? "unknown"
    }

    /// Lets a client that waits for permission send its body. Called once the request is known to be welcome.
    func welcomeBody(of request: Request) async throws {
        guard request.headers[.expect]?.lowercased() == "100-continue" else { return }
        try await channel.writeAndFlush(HTTPResponsePart.head(HTTPResponse(status: .continue)))
    }
}
