import Foundation

/// Files that hold secrets: mode 0600 from their first byte, replaced as a whole.
enum PrivateFile {
    static func write(_ data: Data, to path: String) throws {
        do {
            try FileManager.default.createDirectory(
                atPath: path.parentPath, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw CommandError.failure("can't create \(path.parentPath): \(error.localizedDescription)")
        }
        let file = try OutputFile(path: path, mode: 0o600)
        try file.append([UInt8](data))
        try file.publish()
    }
}
