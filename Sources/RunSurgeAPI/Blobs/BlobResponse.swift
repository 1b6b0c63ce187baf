import HTTPTypes
import Hummingbird
import NIOCore
import RunSurgeCore

/// An answer that streams a stored blob: ranges, an entity tag, and no more than one piece in memory.
struct BlobResponse: Sendable {
    let blobs: any BlobStore

    /// - Parameters:
    ///   - offset: bytes to leave out at the beginning when there is no Range header.
    ///   - fileName: offered to the browser for saving.
    func response(
        _ blob: BlobReference, to request: Request, offset: Int64 = 0, contentType: String = "application/octet-stream",
        fileName: String? = nil
    ) async throws -> Response {
        var headers = Self.headers(of: blob, contentType: contentType, fileName: fileName)
        let tag = "\"\(blob.sha256)\""
        if let known = request.headers[.ifNoneMatch], Self.matches(known, tag) {
            return Response(status: .notModified, headers: headers)
        }
        let isRangeValid = request.headers[.ifRange].map { $0.trimmingSpaces() == tag } ?? true
        switch ByteRange(header: isRangeValid ? request.headers[.range] : nil, size: blob.size) {
        case .unsatisfiable:
            headers[.contentRange] = "bytes */\(blob.size)"
            return Response(status: .rangeNotSatisfiable, headers: headers)
        case .part(let range):
            headers[.contentRange] = "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(blob.size)"
            return try await streamed(blob, range, request, status: .partialContent, headers: headers)
        case .whole:
            let range = min(offset, blob.size)..<blob.size
            return try await streamed(blob, range, request, status: .ok, headers: headers)
        }
    }

    private func streamed(
        _ blob: BlobReference, _ range: Range<Int64>, _ request: Request, status: HTTPResponse.Status,
        headers: HTTPFields
    ) async throws -> Response {
        guard request.method != .head else {
            var headers = headers
            headers[.contentLength] = String(range.count)
            guard try await blobs.contains(blob) else { throw APIError.unknownBlob }
            return Response(status: status, headers: headers)
        }
        // Opened before the head is written: a blob that is gone is a 404, not a broken answer.
        let pieces = try await blobs.read(blob, range: range)
        let body = ResponseBody(contentLength: range.count) { writer in
            for try await piece in pieces { try await writer.write(ByteBuffer(bytes: piece)) }
            try await writer.finish(nil)
        }
        return Response(status: status, headers: headers, body: body)
    }

    private static func headers(of blob: BlobReference, contentType: String, fileName: String?) -> HTTPFields {
        var headers: HTTPFields = [
            .contentType: contentType, .acceptRanges: "bytes", .eTag: "\"\(blob.sha256)\"",
            .cacheControl: "private, no-cache",
        ]
        if let fileName { headers[.contentDisposition] = ContentDisposition.attachment(fileName) }
        return headers
    }

    private static func matches(_ header: String, _ tag: String) -> Bool {
        header.split(separator: ",").contains { candidate in
            let candidate = candidate.trimmingSpaces()
            return candidate == "*" || candidate == tag || candidate == "W/\(tag)"
        }
    }
}
