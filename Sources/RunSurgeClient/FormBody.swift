/// A multipart/form-data body whose length is known and whose files are read while it is sent.
struct FormBody: AsyncSequence, Sendable {
    fileprivate enum Segment: Sendable {
        case bytes([UInt8])
        case file(FilePieces)
    }

    private let boundary: String
    private var segments: [Segment] = []
    private(set) var length: Int64 = 0

    init() { boundary = "runsurge-\(UInt64.random(in: 0 ... .max))-\(UInt64.random(in: 0 ... .max))" }

    var contentType: String { "multipart/form-data; boundary=\(boundary)" }

    /// Names must be plain: letters, digits and hyphens.
    mutating func add(name: String, fileName: String? = nil, bytes: [UInt8]) {
        begin(name, fileName)
        append(bytes)
        append(Array("\r\n".utf8))
    }

    mutating func add(name: String, fileName: String, path: String, size: Int64) {
        begin(name, fileName)
        segments.append(.file(FilePieces(path: path, size: size)))
        length += size
        append(Array("\r\n".utf8))
    }

    mutating func finish() { append(Array("--\(boundary)--\r\n".utf8)) }

    private mutating func begin(_ name: String, _ fileName: String?) {
        let file = fileName.map { "; filename=\"\($0)\"" } ?? ""
        append(Array("--\(boundary)\r\nContent-Disposition: form-data; name=\"\(name)\"\(file)\r\n\r\n".utf8))
    }

    private mutating func append(_ bytes: [UInt8]) {
        length += Int64(bytes.count)
        // Small neighbours travel together.
        if case .bytes(let last) = segments.last, last.count + bytes.count <= FilePieces.pieceBytes {
            segments[segments.count - 1] = .bytes(last + bytes)
        } else if !bytes.isEmpty {
            segments.append(.bytes(bytes))
        }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(segments: segments[...]) }

    struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate var segments: ArraySlice<Segment>
        private var file: FilePieces.AsyncIterator?

        fileprivate init(segments: ArraySlice<Segment>) { self.segments = segments }

        mutating func next() async throws -> [UInt8]? {
            while true {
                if let piece = try await file?.next() { return piece }
                file = nil
                switch segments.popFirst() {
                case nil: return nil
                case .bytes(let bytes): return bytes
                case .file(let pieces): file = pieces.makeAsyncIterator()
                }
            }
        }
    }
}
