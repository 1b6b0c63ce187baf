/// One message between the agent and a Python process: u32 head length, u32 body length (little endian), a JSON
/// head, a binary body.
struct Frame: Sendable, Equatable {
    static let headLimit = 1 << 20
    static let bodyLimit = 64 << 20
    /// Bodies of uploads are cut into pieces of this size.
    static let pieceBytes = 16 << 20

    let head: JSONValue
    let body: [UInt8]

    init(_ head: [String: JSONValue], body: [UInt8] = []) {
        self.head = .object(head)
        self.body = body
    }

    init(head: JSONValue, body: [UInt8]) {
        self.head = head
        self.body = body
    }

    /// Bytes it holds in memory, roughly.
    var weight: Int { body.count + 256 }

    /// The member "t".
    var kind: String { head["t"]?.text ?? "" }

    /// Appends the encoded frame.
    func write(to out: inout [UInt8]) {
        let head = head.bytes
        precondition(body.count <= Self.bodyLimit, "a frame body of \(body.count) bytes")
        Self.append(UInt32(head.count), to: &out)
        Self.append(UInt32(body.count), to: &out)
        out.append(contentsOf: head)
        out.append(contentsOf: body)
    }

    private static func append(_ value: UInt32, to out: inout [UInt8]) {
        withUnsafeBytes(of: value.littleEndian) { out.append(contentsOf: $0) }
    }
}

/// Why a process's frames can't be read any further.
struct FrameError: Error, CustomStringConvertible {
    let description: String
}

/// Cuts a stream of bytes into frames.
struct FrameDecoder {
    private var buffer: [UInt8] = []
    private var start = 0

    /// Bytes that belong to a frame whose end has not arrived.
    var pendingBytes: Int { buffer.count - start }

    /// Takes more bytes and returns the frames that are complete now.
    mutating func decode(_ bytes: UnsafeRawBufferPointer) throws(FrameError) -> [Frame] {
        buffer.append(contentsOf: bytes)
        var frames: [Frame] = []
        while let frame = try next() { frames.append(frame) }
        if start == buffer.count {
            buffer.removeAll(keepingCapacity: buffer.capacity <= 1 << 20)
            start = 0
        } else if start > 1 << 20 {
            buffer.removeFirst(start)
            start = 0
        }
        return frames
    }

    private mutating func next() throws(FrameError) -> Frame? {
        guard pendingBytes >= 8 else { return nil }
        let headLength = length(at: start)
        let bodyLength = length(at: start + 4)
        guard headLength <= Frame.headLimit, bodyLength <= Frame.bodyLimit else {
            throw FrameError(description: "a frame of \(headLength) + \(bodyLength) bytes is larger than the limit")
        }
        let end = start + 8 + headLength + bodyLength
        guard buffer.count >= end else { return nil }
        let head: JSONValue
        do {
            head = try JSONReader.read(buffer[(start + 8)..<(start + 8 + headLength)])
        } catch {
            throw FrameError(description: "the head of a frame is not JSON: \(error)")
        }
        let body = Array(buffer[(start + 8 + headLength)..<end])
        start = end
        return Frame(head: head, body: body)
    }

    private func length(at offset: Int) -> Int {
        Int(buffer[offset]) | Int(buffer[offset + 1]) << 8 | Int(buffer[offset + 2]) << 16 | Int(buffer[offset + 3])
            << 24
    }
}
