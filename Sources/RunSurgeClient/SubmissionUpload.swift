import AsyncHTTPClient
import Foundation
import NIOCore
import RunSurgeCore

/// One submission on its way: large files go ahead as blobs, which can be repeated and skipped; the rest travels as
/// parts of one request. Files are read while they are sent.
struct SubmissionUpload: Sendable {
    /// From here on a file travels by itself.
    private static let separateBytes: Int64 = 8 << 20
    /// Of all parts of the request; what does not fit travels by itself.
    private static let requestBytes: Int64 = 64 << 20

    let transport: Transport

    private struct Parts {
        var list: [(name: String, content: Submission.Content)] = []
        var bytes: Int64 = 0
    }

    func send(_ submission: Submission) async throws -> JobView {
        var parts = Parts()
        var view = SubmissionView(
            script: try await file(submission.script, &parts), workingDirectory: submission.workingDirectory)
        var inputs: [SubmissionView.File] = []
        for input in submission.inputs { inputs.append(try await file(input, &parts)) }
        view.inputs = inputs
        if let content = submission.standardInput { view.standardInput = try await self.content(content, &parts) }
        view.name = submission.name
        view.scriptArgument = submission.scriptArgument
        view.arguments = submission.arguments
        view.environment = submission.environment
        view.hashSeed = submission.hashSeed
        view.minSplitSeconds = submission.minSplitSeconds
        view.chunkRecords = submission.chunkRecords
        view.split = submission.isSplittingAllowed
        view.priority = submission.priority
        return try await transport.json(try Self.call(view, parts))
    }

    private func file(_ file: Submission.File, _ parts: inout Parts) async throws -> SubmissionView.File {
        SubmissionView.File(
            path: file.path, content: try await content(file.content, &parts), mode: file.mode,
            modifiedNanoseconds: file.modifiedNanoseconds)
    }

    private func content(
        _ content: Submission.Content, _ parts: inout Parts
    ) async throws -> SubmissionView.Content {
        let size: Int64
        switch content {
        case .folder: return SubmissionView.Content(blob: .empty)
        case .bytes(let bytes): size = Int64(bytes.count)
        case .file(let path, let bytes):
            guard bytes <= Limits.uploadBytes else {
                throw ClientError(
                    .localFile, code: "too_large",
                    detail: "\(path) has \(bytes) bytes; the limit for one file is \(Limits.uploadBytes).")
            }
            size = bytes
        }
        if case .file(let path, _) = content,
            size >= Self.separateBytes || parts.bytes + size > Self.requestBytes
        {
            return try await separate(FilePieces(path: path, size: size))
        }
        let name = "file-\(parts.list.count)"
        parts.list.append((name, content))
        parts.bytes += size
        return SubmissionView.Content(part: name, size: size)
    }

    private func separate(_ pieces: FilePieces) async throws -> SubmissionView.Content {
        let blob = try await pieces.hashed()
        let transfer = BlobTransfer(transport: transport, namesSize: false)
        if try await transfer.contains(blob) { return SubmissionView.Content(blob: blob) }
        let stored = try await transfer.upload(pieces, as: blob)
        return SubmissionView.Content(blob: blob, receipt: stored.receipt)
    }

    private static func call(_ view: SubmissionView, _ parts: Parts) throws -> Transport.Call {
        var form = FormBody()
        form.add(name: "specification", bytes: Array(try JSONEncoder().encode(view)))
        for (name, content) in parts.list {
            switch content {
            case .bytes(let bytes): form.add(name: name, fileName: name, bytes: bytes)
            case .file(let path, let size): form.add(name: name, fileName: name, path: path, size: size)
            case .folder: break
            }
        }
        form.finish()
        var call = Transport.Call(.POST, "/api/job/submit")
        call.deadline = nil
        call.headers.add(name: "Content-Type", value: form.contentType)
        call.body = { [form] in .stream(ByteBuffers(base: form), length: .known(form.length)) }
        return call
    }
}
