import Hummingbird
import RunSurgeCore

/// Blobs by name, for the cluster's workers and for their owners.
struct BlobRoutes: Sendable {
    let jobs: any JobStore
    let blobs: any BlobStore
    let receipts: UploadReceipts
    let uploads: AsyncLimit

    func add(to router: Router<APIRequestContext>) {
        router.get("/api/blob/:sha256", use: read)
        router.put("/api/blob/:sha256", use: write)
    }

    @Sendable private func read(_ request: Request, _ context: APIRequestContext) async throws -> Response {
        let blob = try await readable(try name(in: context), request, context)
        return try await BlobResponse(blobs: blobs).response(blob, to: request)
    }

    @Sendable private func write(_ request: Request, _ context: APIRequestContext) async throws -> Response {
        guard let identity = context.identity else { throw APIError.unauthenticated }
        let name = try name(in: context)
        if let length = request.headers[.contentLength].flatMap({ Int64($0) }), length > Limits.uploadBytes {
            throw Self.tooLarge
        }
        let blob = try await uploads.run {
            try await context.welcomeBody(of: request)
            let body = PacedBody(request.body, limit: Limits.uploadBytes, what: "file")
            do {
                return try await blobs.put(CheckedBytes(base: body, expected: name), limit: Limits.uploadBytes)
            } catch BlobError.tooLarge {
                throw Self.tooLarge
            }
        }
        let receipt: String? =
            switch identity {
            case .user(let user): receipts.receipt(for: blob, user: user.id)
            case .worker: nil
            }
        return try JSONBody.response(StoredBlobView(blob: blob, receipt: receipt), status: .created)
    }

    private func readable(
        _ name: String, _ request: Request, _ context: APIRequestContext
    ) async throws -> BlobReference {
        switch context.identity {
        case nil: throw APIError.unauthenticated
        case .user(let user):
            guard let blob = try await jobs.mayRead(blob: name, owner: user.id) else { throw APIError.unknownBlob }
            return blob
        case .worker:
            // A worker knows the size from the message that named the blob.
            guard let size = request.uri.queryParameters["size"].flatMap({ Int64($0) }), size >= 0 else {
                throw APIError.invalid("size", "A worker names the blob's size: add ?size=BYTES.")
            }
            return BlobReference(sha256: name, size: size)
        }
    }

    private func name(in context: APIRequestContext) throws -> String {
        let name = try context.parameters.require("sha256")
        guard BlobReference.isValidName(name) else {
            throw APIError.invalid("sha256", "A blob is named by the 64 lower-case hexadecimal digits of its SHA-256.")
        }
        return name
    }

    private static let tooLarge = APIError.tooLarge("The file is larger than the limit of \(Limits.uploadBytes) bytes.")
}
