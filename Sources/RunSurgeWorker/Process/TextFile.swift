internal import Glibc

/// Small files of the system: /proc, cgroups. They never block.
enum TextFile {
    /// At most 1 MiB; nil when it can't be read.
    static func read(_ path: String) -> String? {
        guard let file = try? FileDescriptor.open(path, O_RDONLY) else { return nil }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 16_384)
        while bytes.count < 1 << 20 {
            let count = Glibc.read(file.rawValue, &piece, piece.count)
            if count < 0, errno == EINTR { continue }
            if count <= 0 { break }
            bytes += piece[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    static func write(_ text: String, to path: String, creating: Bool = false) throws(SystemError) {
        let flags = creating ? O_WRONLY | O_CREAT | O_TRUNC : O_WRONLY
        try FileDescriptor.open(path, flags, mode: 0o644).write(Array(text.utf8))
    }

    /// The number after `name` in lines of the form "name 123"; the whole file's number when `name` is nil.
    static func number(_ path: String, named name: String? = nil) -> Int64? {
        guard let text = read(path) else { return nil }
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            if let name {
                if words.count >= 2, words[0] == name { return Int64(words[1]) }
            } else if let first = words.first {
                return Int64(first)
            }
        }
        return nil
    }
}
