import Glibc
import Synchronization

/// A TCP relay on loopback that can fall silent: it swallows what comes and keeps both connections open, as a host
/// without power would.
final class SilentLink: Sendable {
    struct SocketError: Error { let code = errno }

    let port: UInt16
    private let isSilent = Atomic<Bool>(false)
    private let descriptors = Mutex<[Int32]>([])

    var endpoint: String { "tcp://127.0.0.1:\(port)" }

    /// Relays to a port of loopback.
    init(to target: UInt16) throws {
        let listener = try Self.listen()
        port = try Self.port(of: listener)
        descriptors.withLock { $0.append(listener) }
        Self.detach { [self] in
            while true {
                let client = accept(listener, nil, nil)
                guard client >= 0 else { return }
                guard let server = try? Self.connect(to: target) else {
                    close(client)
                    continue
                }
                descriptors.withLock { $0 += [client, server] }
                Self.detach { self.pump(client, server) }
                Self.detach { self.pump(server, client) }
            }
        }
    }

    func fallSilent() { isSilent.store(true, ordering: .sequentiallyConsistent) }

    /// Ends the threads. The descriptors stay: nobody else may get their numbers while a thread still reads.
    func stop() { descriptors.withLock { for descriptor in $0 { shutdown(descriptor, Int32(SHUT_RDWR)) } } }

    private func pump(_ from: Int32, _ to: Int32) {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(from, &buffer, buffer.count, 0)
            // The far end of a dead host hears nothing of an end, either.
            guard count > 0 else {
                if !isSilent.load(ordering: .sequentiallyConsistent) { shutdown(to, Int32(SHUT_RDWR)) }
                return
            }
            guard !isSilent.load(ordering: .sequentiallyConsistent) else { continue }
            _ = send(to, buffer, count, Int32(MSG_NOSIGNAL))
        }
    }

    // MARK: Plain sockets

    static func listen() throws -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard withLoopback(0, { bind(descriptor, $0, $1) }) == 0, Glibc.listen(descriptor, 16) == 0 else {
            throw SocketError()
        }
        return descriptor
    }

    static func connect(to port: UInt16) throws -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard withLoopback(port, { Glibc.connect(descriptor, $0, $1) }) == 0 else { throw SocketError() }
        return descriptor
    }

    private static func withLoopback(
        _ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
    }

    private static func port(of descriptor: Int32) throws -> UInt16 {
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
        }
        guard result == 0 else { throw SocketError() }
        return UInt16(bigEndian: address.sin_port)
    }

    private static func detach(_ body: @escaping @Sendable () -> Void) {
        let start = Unmanaged.passRetained(Body(run: body))
        var thread = pthread_t()
        pthread_create(
            &thread, nil,
            { argument in
                if let argument { Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run() }
                return nil
            }, start.toOpaque())
        pthread_detach(thread)
    }

    private final class Body: Sendable {
        let run: @Sendable () -> Void
        init(run: @escaping @Sendable () -> Void) { self.run = run }
    }
}
