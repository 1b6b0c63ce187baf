import Foundation
import Logging
import Synchronization

/// Log lines of a process whose standard error belongs to a script: appended to a file that is begun anew when it has
/// grown large.
final class LogFile: Sendable {
    static let maximumBytes = 16 << 20
    private let handle: Mutex<FileHandle>

    init(path: String) throws {
        let isLarge = (LocalFile(path: path)?.size ?? 0) > Self.maximumBytes
        let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | (isLarge ? O_TRUNC : 0), 0o600)
        guard descriptor >= 0 else {
            throw CommandError.failure("can't write \(path): \(String(cString: strerror(errno)))")
        }
        handle = Mutex(FileHandle(fileDescriptor: descriptor, closeOnDealloc: true))
    }

    func logger(label: String) -> Logger { Logger(label: label) { Handler(file: self, label: $0) } }

    fileprivate func append(_ line: String) {
        // A log that can't be written must not end the job that it tells of.
        handle.withLock { try? $0.write(contentsOf: Data(line.utf8)) }
    }

    private struct Handler: LogHandler {
        let file: LogFile
        let label: String
        var logLevel = Logger.Level.info
        var metadata: Logger.Metadata = [:]

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let all = metadata.merging(event.metadata ?? [:]) { $1 }
            let details = all.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
            file.append("\(Date().ISO8601Format()) \(event.level) \(label): \(event.message)\(details)\n")
        }
    }
}
