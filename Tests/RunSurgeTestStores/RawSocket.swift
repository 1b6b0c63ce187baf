import Foundation
import NIOPosix

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// A TCP connection to loopback that misbehaves exactly as told. Calls block threads of NIO's pool, not tasks.
public final class RawSocket: Sendable {
    public struct Failure: Error, CustomStringConvertible {
        public let description: String
    }

    private let descriptor: Int32

    /// - Parameter receiveBuffer: bytes that the kernel takes on behalf of a reader that does not read.
    public init(port: Int, receiveBuffer: Int32? = nil) async throws {
        descriptor = try await NIOThreadPool.singleton.runIfActive {
            let descriptor = socket(AF_INET, Self.stream, 0)
            guard descriptor >= 0 else { throw Failure(description: "socket: \(errno)") }
            if var size = receiveBuffer {
                setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
            }
            // A server that never answers fails the test instead of hanging it.
            var limit = timeval(tv_sec: 30, tv_usec: 0)
            setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
            setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = in_port_t(port).bigEndian
            address.sin_addr.s_addr = inet_addr("127.0.0.1")
            let result = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            guard result == 0 else { throw Failure(description: "connect: \(errno)") }
            return descriptor
        }
    }

    deinit { close(descriptor) }

    public func send(_ text: String) async throws { try await send(Array(text.utf8)) }

    /// - Throws: when the peer does not take the bytes.
    public func send(_ bytes: [UInt8]) async throws {
        try await NIOThreadPool.singleton.runIfActive { [descriptor] in
            var offset = 0
            while offset < bytes.count {
                let count = bytes.withUnsafeBytes { Self.write(descriptor, $0.dropFirst(offset)) }
                guard count > 0 else { throw Failure(description: "send: \(errno)") }
                offset += count
            }
        }
    }

    /// What comes next, at most `limit` bytes; empty at the end of the connection or when it is broken.
    public func receive(limit: Int = 65_536) async throws -> [UInt8] {
        try await NIOThreadPool.singleton.runIfActive { [descriptor] in
            var buffer = [UInt8](repeating: 0, count: limit)
            let count = recv(descriptor, &buffer, limit, 0)
            if count < 0, errno == EAGAIN { throw Failure(description: "The peer sent nothing for 30 seconds.") }
            return Array(buffer.prefix(max(0, count)))
        }
    }

    /// Everything until the end.
    public func receiveAll() async throws -> String {
        var all: [UInt8] = []
        while true {
            let piece = try await receive()
            if piece.isEmpty { return String(decoding: all, as: UTF8.self) }
            all += piece
        }
    }

    /// What comes until `marker` is in it.
    public func receive(until marker: String) async throws -> String {
        var text = ""
        while !text.contains(marker) {
            let piece = try await receive()
            guard !piece.isEmpty else { throw Failure(description: "The connection ended after: \(text)") }
            text += String(decoding: piece, as: UTF8.self)
        }
        return text
    }

    #if canImport(Darwin)
        private static let stream = SOCK_STREAM

        private static func write(_ descriptor: Int32, _ bytes: Slice<UnsafeRawBufferPointer>) -> Int {
            let buffer = UnsafeRawBufferPointer(rebasing: bytes)
            return Darwin.send(descriptor, buffer.baseAddress, buffer.count, 0)
        }
    #else
        private static let stream = Int32(SOCK_STREAM.rawValue)

        /// Without the signal that would end the tests when the peer has gone.
        private static func write(_ descriptor: Int32, _ bytes: Slice<UnsafeRawBufferPointer>) -> Int {
            let buffer = UnsafeRawBufferPointer(rebasing: bytes)
            return Glibc.send(descriptor, buffer.baseAddress, buffer.count, Int32(MSG_NOSIGNAL))
        }
    #endif

    /// Ends both directions at once, in the middle of whatever happens.
    public func cut() { shutdown(descriptor, Int32(SHUT_RDWR)) }
}
