import Hummingbird
import NIOCore
import RunSurgeCore

/// Reads the parts of a request one after the other, pulling bytes from the connection only as they are consumed.
///
/// One task uses it; the parts' bytes may be pulled from another while that one waits.
actor MultipartReader {
    struct Part: Sendable {
        let headers: PartHeaders
        let bytes: PartBytes
    }

    private var parser: MultipartParser
    private var body: PacedBody
    private var isInsidePart = false

    /// - Parameter limit: bytes of the whole body.
    /// - Throws: 422 when the request is not multipart/form-data.
    init(_ request: Request, limit: Int64 = Limits.submissionBytes) throws {
        do {
            parser = try MultipartParser(contentType: request.headers[.contentType] ?? "")
        } catch {
            throw Self.refusal(for: error)
        }
        body = PacedBody(request.body, limit: limit, what: "submission")
    }

    /// The next part, after what the caller left of the last one; nil behind the last.
    func nextPart() async throws -> Part? {
        while isInsidePart { _ = try await nextPiece() }
        while let event = try await nextEvent() {
            switch event {
            case .partBegan(let headers):
                isInsidePart = true
                return Part(headers: headers, bytes: PartBytes(reader: self))
            case .ended:
                // To the end of the body, so that the connection can serve another request.
                while try await body.next() != nil {}
                return nil
            case .bytes, .partEnded:
                continue
            }
        }
        return nil
    }

    /// The next piece of the current part; nil at its end.
    fileprivate func nextPiece() async throws -> [UInt8]? {
        guard isInsidePart else { return nil }
        switch try await nextEvent() {
        case .bytes(let bytes): return bytes
        case .partEnded, .partBegan, .ended, nil:
            isInsidePart = false
            return nil
        }
    }

    private func nextEvent() async throws -> MultipartParser.Event? {
        while true {
            do {
                if let event = try parser.next() { return event }
            } catch {
                throw Self.refusal(for: error)
            }
            guard let bytes = try await body.next() else {
                do { try parser.finish() } catch { throw Self.refusal(for: error) }
                return nil
            }
            parser.feed(bytes)
        }
    }

    private static func refusal(for error: MultipartError) -> APIError {
        switch error {
        case .truncated: APIError(.badRequest, "truncated_body", error.detail)
        case .malformed: APIError(.unprocessableContent, "malformed_multipart", error.detail, field: "body")
        }
    }
}

/// The bytes of one part, to be read once, before the next part is asked for.
struct PartBytes: AsyncSequence, Sendable {
    fileprivate let reader: MultipartReader

    struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate let reader: MultipartReader

        mutating func next() async throws -> [UInt8]? { try await reader.nextPiece() }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(reader: reader) }

    /// The whole part as text.
    /// - Throws: 413 past `limit` bytes, 422 when it is not UTF-8.
    func text(field: String, limit: Int = Limits.specificationBytes) async throws -> String {
        guard let text = String(validating: try await collect(field: field, limit: limit), as: UTF8.self) else {
            throw APIError.invalid(field, "The field \(field) is not UTF-8.")
        }
        return text
    }

    func collect(field: String, limit: Int = Limits.specificationBytes) async throws -> [UInt8] {
        var all: [UInt8] = []
        for try await piece in self {
            guard all.count + piece.count <= limit else {
                throw APIError.tooLarge("The field \(field) is larger than \(limit) bytes.")
            }
            all += piece
        }
        return all
    }
}
