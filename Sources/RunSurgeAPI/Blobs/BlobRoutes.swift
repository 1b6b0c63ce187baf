import Hummingbird
import RunSurgeCore

/// Blobs by name, for the cluster's workers and for their owners.
struct BlobRoutes: Sendable {
    let jobs: any JobStore
    let blobs: any BlobStore
    let receipts: UploadReceipts
    let uploads: UploadTurns
    let quota: QuotaCheck

    private static let name = Parameter.text("sha256", in: .path, .sha256, "Of the bytes, 64 lower-case digits.")
    private static let size = Parameter.optionalInteger(
        "size", in: 0 ... .max, "Bytes, for workers, who know it from the message that named the blob.")

    var endpoints: [Endpoint] {
        [
            Endpoint(
                .get, "/api/blob/{sha256}", id: "readBlob", .blobs, "Sends a file of the caller's jobs.",
                parameters: [Self.name.description, Self.size.description], answers: Answer.file("The bytes."),
                refusals: [.unknownBlob], .userOrWorker(read)),
            Endpoint(
                .put, "/api/blob/{sha256}", id: "storeBlob", .blobs, "Stores a file, to be named in a submission.",
                parameters: [Self.name.description, Self.size.description], body: .bytes("What has this SHA-256."),
                answers: [.json(StoredBlobView.self, "It is stored.", status: .created)], refusals: Refusal.quotas,
                .userOrWorker(write)),
        ]
    }

    @Sendable private func read(_ call: Call, _ identity: Identity) async throws -> Response {
        let blob = try await readable(call, identity)
        return try await BlobResponse(blobs: blobs).response(blob, to: call.request)
    }

    @Sendable private func write(_ call: Call, _ identity: Identity) async throws -> Response {
        let name = call[Self.name]
        let request = call.request
        if let length = request.announcedLength {
            if length > Limits.uploadBytes { throw Self.tooLarge }
            guard length == call[Self.size] ?? length else {
                throw APIError.invalid("size", "The body has \(length) bytes, which is not the size that is announced.")
            }
        }
        if let user = identity.user {
            try await quota.admit(user.id, bytes: call[Self.size] ?? request.announcedLength ?? 0)
        }
        let blob = try await uploads.run(for: identity.user?.id) {
            try await call.context.welcomeBody(of: request)
            let body = PacedBody(request.body, limit: Limits.uploadBytes, what: "file")
            do {
                return try await blobs.put(body, limit: Limits.uploadBytes, expecting: name)
            } catch BlobError.tooLarge {
                throw Self.tooLarge
            } catch BlobError.unexpected {
                throw APIError.invalid("sha256", "The body is not what its SHA-256 says, or was cut.")
            }
        }
        let receipt = identity.user.map { receipts.receipt(for: blob, user: $0.id) }
        return try JSONBody.response(StoredBlobView(blob: blob, receipt: receipt), status: .created)
    }

    private func readable(_ call: Call, _ identity: Identity) async throws -> BlobReference {
        let name = call[Self.name]
        switch identity {
        case .user(let user), .script(let user):
            guard let blob = try await jobs.mayRead(blob: name, owner: user.id) else { throw APIError.unknownBlob }
            return blob
        case .worker:
            guard let size = call[Self.size] else {
                throw APIError.invalid("size", "A worker names the blob's size: add ?size=BYTES.")
            }
            return BlobReference(sha256: name, size: size)
        }
    }

    private static let tooLarge = APIError.tooLarge("The file is larger than the limit of \(Limits.uploadBytes) bytes.")
}

extension StoredBlobView: NotedFields {
    static let fieldNotes: [String: FieldNote] = [
        "sha256": .rule(.sha256), "size": .bytes,
        "receipt": .says("Shows in a later submission that the caller has uploaded this blob."),
    ]
}
