internal import Foundation
internal import RunSurgeAnalysis
public import RunSurgeCore

/// Makes inputs of what was uploaded for a job, and lets the job go.
public struct UploadDesk: JobStarting {
    private let jobs: any JobStore
    private let uploads: any UploadStore
    private let blobs: any BlobStore
    private let syntax: any SyntaxExporting
    private let archives: any ArchiveHandling

    public init(
        jobs: any JobStore, uploads: any UploadStore, blobs: any BlobStore, syntax: any SyntaxExporting,
        archives: any ArchiveHandling
    ) {
        self.jobs = jobs
        self.uploads = uploads
        self.blobs = blobs
        self.syntax = syntax
        self.archives = archives
    }

    public func start(_ upload: Upload) async throws -> Job {
        guard let job = try await jobs.job(upload.job, owner: upload.owner) else { throw UploadRefusal.unknownJob }
        if job.isReady { return job }
        guard upload.isComplete else { throw UploadRefusal.incomplete }
        let file = try await file(of: upload)
        do {
            let specification =
                job.group == nil
                ? try await simple(job.specification, file, called: upload.fileName)
                : try await member(job.specification, file, memory: upload.requiredMemory)
            return try await uploads.start(
                job.id, specification: specification, owner: job.owner, idempotency: nil
            ).performedValue
        } catch let useless as UploadUseless {
            guard try await uploads.rejectUpload(of: job.id, owner: job.owner, reason: useless.reason) else {
                throw UploadRefusal.notAwaited
            }
            throw useless
        }
    }

    /// The pieces in one.
    private func file(of upload: Upload) async throws -> BlobReference {
        let pieces = try await uploads.pieces(of: upload.job, owner: upload.owner)
        if pieces.count == 1 { return pieces[0] }
        return try await blobs.put(BlobSequence(blobs: pieces, store: blobs), limit: Limits.uploadBytes)
    }

    // MARK: A script with one data file

    private func simple(
        _ draft: JobSpecification, _ file: BlobReference, called name: String
    ) async throws -> JobSpecification {
        var specification = draft
        let source = try await ScriptSources(of: draft.script).read(from: blobs)[0]
        let job = try SimpleJob(
            source: source.bytes, syntaxJSON: try await syntax.exportSyntax(script: source, modules: []))
        if job.script != source.bytes {
            let script = draft.script
            specification.script = FileEntry(
                path: script.path, blob: try await blobs.put(job.script),
                modifiedNanoseconds: script.modifiedNanoseconds, mode: script.mode)
        }
        let path: String
        do {
            path = try job.dataPath(uploadName: name)
        } catch {
            throw UploadUseless(reason: error.description)
        }
        specification.inputs = try placed(
            [FileEntry(path: path, blob: file, modifiedNanoseconds: Self.now, mode: 0o644)], in: draft)
        return specification
    }

    private static var now: Int64 { Int64(Date().timeIntervalSince1970 * 1_000) * 1_000_000 }

    // MARK: A group's script with one archive

    private func member(
        _ draft: JobSpecification, _ archive: BlobReference, memory: Int64?
    ) async throws -> JobSpecification {
        var specification = draft
        do {
            specification.inputs = try placed(try await archives.inflate(archive), in: draft)
        } catch let refusal as ArchiveRefusal {
            throw UploadUseless(reason: refusal.reason)
        }
        specification.requiredMemory = memory
        return specification
    }

    /// Files of relative paths in the job's folder.
    private func placed(_ files: [FileEntry], in draft: JobSpecification) throws -> [FileEntry] {
        try files.map { file in
            let path = "\(draft.workingDirectory)/\(file.path)"
            guard JobPath.isSafe(path) else {
                throw UploadUseless(reason: "\(file.path) is not a name that a file can have in the job's folder.")
            }
            let isInTheWay =
                path == draft.script.path || JobPath.isInside(draft.script.path, path) && !file.isDirectory
            guard !isInTheWay else {
                throw UploadUseless(
                    reason: "\(file.path) is where the script itself is; give one of them another name.")
            }
            return FileEntry(
                path: path, blob: file.blob, modifiedNanoseconds: file.modifiedNanoseconds, mode: file.mode)
        }
    }
}

/// The bytes of several blobs, one after the other.
private struct BlobSequence: AsyncSequence, Sendable {
    let blobs: [BlobReference]
    let store: any BlobStore

    struct AsyncIterator: AsyncIteratorProtocol {
        var rest: ArraySlice<BlobReference>
        let store: any BlobStore
        var current: AsyncThrowingStream<[UInt8], any Error>.AsyncIterator?

        mutating func next() async throws -> [UInt8]? {
            while true {
                if let piece = try await current?.next() { return piece }
                guard let blob = rest.popFirst() else { return nil }
                current = try await store.read(blob, range: 0..<blob.size).makeAsyncIterator()
            }
        }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(rest: blobs[...], store: store, current: nil) }
}
