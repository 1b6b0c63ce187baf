import Foundation
import RunSurgeCore

/// Puts what a script created, changed and removed into a folder of this machine.
struct OutputWriter {
    let gateway: any JobGateway
    let job: JobID
    /// Absolute.
    let destination: String

    func write(_ result: JobResult) async throws {
        // Folders come before what is in them.
        for file in result.outputs.sorted(by: { $0.path < $1.path }) {
            let path = try place(of: file.path)
            if file.isDirectory {
                try makeFolder(path)
                chmod(path, mode_t(file.mode & 0o777))
            } else {
                try makeFolder(path.parentPath)
                try await gateway.download(file, of: job, to: path)
            }
        }
        for removed in result.deleted.sorted(by: >) {
            let path = try place(of: removed)
            guard remove(path) == 0 || errno == ENOENT else {
                throw CommandError.failure("can't remove \(path): \(String(cString: strerror(errno)))")
            }
        }
    }

    /// - Throws: when the master names a path that leaves the folder.
    private func place(of path: String) throws -> String {
        let absolute = Path.absolute(path, in: destination)
        guard !path.hasPrefix("/"), absolute.hasPrefix(destination == "/" ? "/" : destination + "/") else {
            throw CommandError.failure("the job reported an output outside of its folder: \(path)")
        }
        return absolute
    }

    private func makeFolder(_ path: String) throws {
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            throw CommandError.failure("can't create \(path): \(error.localizedDescription)")
        }
    }
}

extension OutputView {
    /// Folders travel as outputs without content.
    var isDirectory: Bool { mode & S_IFMT == S_IFDIR }
}
