import NIOCore

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// A push parser of multipart/form-data: feed it bytes as they come, take events out. Keeps no more than one piece
/// and the headers of one part. A value without I/O, so that it can be tested at every split.
struct MultipartParser {
    enum Event: Equatable {
        case partBegan(PartHeaders)
        /// Never empty.
        case bytes([UInt8])
        case partEnded
        /// The closing boundary; what follows it is ignored.
        case ended
    }

    private enum Phase {
        case preamble
        /// Behind a boundary: a new part, or the end.
        case boundary
        case headers
        case body
        case epilogue
    }

    /// Bytes of one part's headers.
    static let headerBytes = 16 << 10
    /// Longest boundary that RFC 2046 allows.
    static let boundaryBytes = 1...70

    private let delimiter: [UInt8]
    private var buffer: ByteBuffer
    private var phase = Phase.preamble

    /// - Throws: `MultipartError` when `contentType` is not multipart/form-data with a boundary.
    init(contentType: String) throws(MultipartError) {
        var parameters = HeaderParameters(contentType)
        guard parameters.value == "multipart/form-data" else {
            throw .malformed("The Content-Type is not multipart/form-data.")
        }
        while let (name, value) = try parameters.next() {
            guard name == "boundary" else { continue }
            guard Self.boundaryBytes.contains(value.utf8.count) else { break }
            self.init(boundary: value)
            return
        }
        throw .malformed("The Content-Type has no usable boundary.")
    }

    init(boundary: String) {
        delimiter = Array("\r\n--\(boundary)".utf8)
        // Makes the first boundary look like all others.
        buffer = ByteBuffer(string: "\r\n")
    }

    mutating func feed(_ bytes: ByteBuffer) {
        var bytes = bytes
        buffer.discardReadBytes()
        buffer.writeBuffer(&bytes)
    }

    /// The next event; nil when more bytes are needed for it.
    mutating func next() throws(MultipartError) -> Event? {
        while true {
            switch phase {
            case .preamble:
                guard skipToBoundary() else { return nil }
                phase = .boundary
            case .boundary:
                guard let event = try boundaryEnd() else { return nil }
                if case .ended = event { return .ended }
            case .headers:
                guard let block = try headerBlock() else { return nil }
                phase = .body
                return .partBegan(try PartHeaders(parsing: block))
            case .body:
                return bodyEvent()
            case .epilogue:
                buffer.clear()
                return nil
            }
        }
    }

    /// To be called at the end of the body. - Throws: `MultipartError.truncated` before the closing boundary.
    func finish() throws(MultipartError) {
        guard case .epilogue = phase else { throw .truncated }
    }

    private mutating func skipToBoundary() -> Bool {
        let search = search()
        buffer.moveReaderIndex(forwardBy: search.clear)
        guard search.isFound else { return false }
        buffer.moveReaderIndex(forwardBy: delimiter.count)
        return true
    }

    private enum BoundaryEnd { case partBegins, ended }

    private mutating func boundaryEnd() throws(MultipartError) -> BoundaryEnd? {
        var view = buffer.readableBytesView
        if view.count >= 2, view.starts(with: [UInt8(ascii: "-"), UInt8(ascii: "-")]) {
            phase = .epilogue
            return .ended
        }
        view = view.drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
        guard view.count >= 2 else {
            let isPossible = view.isEmpty || view.first == UInt8(ascii: "-") || view.first == UInt8(ascii: "\r")
            guard isPossible, buffer.readableBytes <= Self.headerBytes else {
                throw .malformed("A boundary is followed by something else.")
            }
            return nil
        }
        guard view.starts(with: [UInt8(ascii: "\r"), UInt8(ascii: "\n")]) else {
            throw .malformed("A boundary is followed by something else.")
        }
        // The line end stays: a part without headers has its empty line right here.
        buffer.moveReaderIndex(to: view.startIndex)
        phase = .headers
        return .partBegins
    }

    /// Everything up to the empty line, which is taken too.
    private mutating func headerBlock() throws(MultipartError) -> [UInt8]? {
        let end: [UInt8] = Array("\r\n\r\n".utf8)
        let search = Self.search(end, in: buffer)
        guard search.clear <= Self.headerBytes else { throw .malformed("A part's headers are too long.") }
        guard search.isFound else { return nil }
        let block = buffer.readBytes(length: search.clear)
        buffer.moveReaderIndex(forwardBy: end.count)
        return block
    }

    private mutating func bodyEvent() -> Event? {
        let search = search()
        if search.clear > 0 { return buffer.readBytes(length: search.clear).map(Event.bytes) }
        guard search.isFound else { return nil }
        buffer.moveReaderIndex(forwardBy: delimiter.count)
        phase = .boundary
        return .partEnded
    }

    private func search() -> Search { Self.search(delimiter, in: buffer) }
}

extension MultipartParser {
    private struct Search {
        /// Bytes in front of the pattern, or in front of what may be its beginning.
        let clear: Int
        let isFound: Bool
    }

    private static func search(_ pattern: [UInt8], in buffer: ByteBuffer) -> Search {
        buffer.withUnsafeReadableBytes { bytes in
            pattern.withUnsafeBytes { pattern in
                guard let start = bytes.baseAddress, let wanted = pattern.baseAddress else {
                    return Search(clear: 0, isFound: false)
                }
                var offset = 0
                // memchr and memcmp keep this fast in debug builds too.
                while offset < bytes.count,
                    let candidate = memchr(start + offset, Int32(pattern[0]), bytes.count - offset)
                {
                    let position = UnsafeRawPointer(candidate) - start
                    let available = min(pattern.count, bytes.count - position)
                    if memcmp(candidate, wanted, available) == 0 {
                        return Search(clear: position, isFound: available == pattern.count)
                    }
                    offset = position + 1
                }
                return Search(clear: bytes.count, isFound: false)
            }
        }
    }
}
