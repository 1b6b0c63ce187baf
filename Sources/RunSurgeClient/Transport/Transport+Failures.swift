import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOPosix

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

extension Transport {
    /// What went wrong on the network, in words.
    func translated(_ error: any Error) -> any Error {
        switch error {
        case is ClientError, is CancellationError: return error
        case let error as HTTPClientError where error == .cancelled: return CancellationError()
        case let error as HTTPClientError where Self.urlErrors.contains(error):
            return invalidURL
        case _ where Self.isInterruption(error):
            return ClientError(
                .interrupted, code: "interrupted", detail: "The connection to \(url) broke (\(Self.words(for: error)))."
            )
        default:
            return ClientError(
                .unreachable, code: "unreachable",
                detail: "No RunSurge master answers at \(url) (\(Self.words(for: error))). Check the URL "
                    + "(--master or RUNSURGE_URL) and that the master runs; `runsurge up` starts one on this machine.")
        }
    }

    var invalidURL: ClientError {
        ClientError(
            .unexpectedAnswer, code: "invalid_url",
            detail: "\"\(url)\" is not the URL of a master; it looks like http://host:8000.")
    }

    private static let urlErrors: [HTTPClientError] = [.invalidURL, .emptyHost, .emptyScheme]

    private static func isInterruption(_ error: any Error) -> Bool {
        switch error {
        case let error as HTTPClientError:
            [
                .remoteConnectionClosed, .readTimeout, .writeTimeout, .deadlineExceeded, .uncleanShutdown,
                .requestStreamCancelled, .bodyLengthMismatch,
            ].contains(error)
        case let error as IOError: ![ECONNREFUSED, EHOSTUNREACH, ENETUNREACH].contains(error.errnoCode)
        case is HTTPParserError, is ChannelError: true
        default: false
        }
    }

    private static func words(for error: any Error) -> String {
        switch error {
        case let error as NIOConnectionError:
            if let first = error.connectionErrors.first { return words(for: first.error) }
            return error.dnsAError != nil || error.dnsAAAAError != nil ? "unknown host" : "not connected"
        case let error as IOError: return String(cString: strerror(error.errnoCode)).lowercased()
        case let error as HTTPClientError: return error.shortDescription
        default: return String(describing: error)
        }
    }
}
