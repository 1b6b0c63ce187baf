import Foundation
import Glibc
import RunSurgeCore
import RunSurgeTestStores
import Testing

@testable import RunSurgeWorker

/// Archives that Python made, honest ones and others.
enum TestArchives {
    private static let harness = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "HarnessTests").path

    /// Where archives are handled in these tests.
    static let sandbox = Task {
        try await ArchiveSandbox(python: "python3", isSandboxed: true, folder: TestSandbox.folder + "/archives")
    }

    /// One of each bad kind, and what must be said of it.
    static func bad(in folder: TestFolder) throws -> [String: String] {
        let output = try python("import archives, json, sys; print(json.dumps(archives.make_all(sys.argv[1])))", folder)
        guard case .object(let kinds) = try JSONReader.read(output) else { return [:] }
        return kinds.compactMapValues(\.text)
    }

    /// What `code` makes at `path` in the folder, as a blob.
    static func make(_ code: String, in folder: TestFolder, store: FolderBlobs) async throws -> BlobReference {
        _ = try python("import os, random, sys, zipfile; os.chdir(sys.argv[1])\n\(code)", folder)
        return try await blob("\(folder.path)/archive.zip", in: store)
    }

    /// The file as a blob, in memory that does not grow with it.
    static func blob(_ path: String, in store: FolderBlobs) async throws -> BlobReference {
        let file = try FileHandle(forReadingFrom: URL(filePath: path))
        return try await store.put(
            AsyncThrowingStream { try file.read(upToCount: 1 << 20).map(Array.init) }, limit: .max)
    }

    static func python(_ code: String, _ folder: TestFolder) throws -> [UInt8] {
        let answer = try CapturedCommand(
            path: "/usr/bin/env", arguments: ["python3", "-B", "-c", code, folder.path],
            environment: Interpreter.hostEnvironment + ["PYTHONPATH=\(harness)"], timeout: .seconds(120),
            outputLimit: 1 << 24
        ).run()
        #expect(answer.status == 0, "\(String(decoding: answer.error, as: UTF8.self))")
        return answer.output
    }

    /// Bytes of memory that this process has more than at the start, at most, while `body` runs.
    static func growth<Value>(during body: () async throws -> Value) async throws -> (value: Value, bytes: Int64) {
        let start = resident
        let sampler = Task.detached {
            var most = start
            while !Task.isCancelled {
                most = max(most, resident)
                try? await Task.sleep(for: .milliseconds(10))
            }
            return most
        }
        let result: Result<Value, any Error>
        do { result = .success(try await body()) } catch { result = .failure(error) }
        sampler.cancel()
        let most = await sampler.value
        return (try result.get(), most - start)
    }

    private static var resident: Int64 { (TextFile.number("/proc/self/status", named: "VmRSS:") ?? 0) << 10 }
}
