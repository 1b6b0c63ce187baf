/// A file or folder of this machine that a sandbox shows.
struct Mount: Sendable, Equatable {
    let source: String
    /// Absolute, as the script sees it.
    let target: String
    let isWritable: Bool

    static func readOnly(_ source: String, at target: String) -> Mount {
        Mount(source: source, target: target, isWritable: false)
    }

    static func writable(_ source: String, at target: String) -> Mount {
        Mount(source: source, target: target, isWritable: true)
    }
}
