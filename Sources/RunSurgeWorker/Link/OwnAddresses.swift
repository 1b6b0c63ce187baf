internal import Glibc

/// Whether an endpoint is on this machine: only then is a path of the master's a path of ours.
enum OwnAddresses {
    /// Blocks when the host is a name.
    static func includeHost(of endpoint: String) -> Bool {
        guard endpoint.hasPrefix("tcp://"), let end = endpoint.lastIndex(of: ":") else { return true }
        let host = endpoint[endpoint.index(endpoint.startIndex, offsetBy: 6)..<end]
        let bare = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : String(host)
        let targets = addresses(of: bare)
        return !targets.isEmpty && targets.isSubset(of: own())
    }

    /// Numeric; empty when the name is unknown.
    private static func addresses(of host: String) -> Set<String> {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var first: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, nil, &hints, &first) == 0 else { return [] }
        defer { freeaddrinfo(first) }
        var found: Set<String> = []
        var next = first
        while let entry = next?.pointee {
            if let address = entry.ai_addr, let text = numeric(address, entry.ai_addrlen) { found.insert(text) }
            next = entry.ai_next
        }
        return found
    }

    private static func own() -> Set<String> {
        var first: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&first) == 0 else { return [] }
        defer { freeifaddrs(first) }
        var found: Set<String> = []
        var next = first
        while let entry = next?.pointee {
            if let address = entry.ifa_addr, let length = length(of: address),
                let text = numeric(address, length)
            {
                found.insert(text)
            }
            next = entry.ifa_next
        }
        return found
    }

    private static func length(of address: UnsafeMutablePointer<sockaddr>) -> socklen_t? {
        switch Int32(address.pointee.sa_family) {
        case AF_INET: socklen_t(MemoryLayout<sockaddr_in>.size)
        case AF_INET6: socklen_t(MemoryLayout<sockaddr_in6>.size)
        default: nil
        }
    }

    private static func numeric(_ address: UnsafeMutablePointer<sockaddr>, _ length: socklen_t) -> String? {
        var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        guard getnameinfo(address, length, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST) == 0 else {
            return nil
        }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
