import Foundation
import Synchronization

/// One line of progress on standard error that rewrites itself; silent unless standard error is a terminal.
final class ProgressLine: Sendable {
    let isShown = isatty(STDERR_FILENO) == 1
    private let shown = Mutex("")

    func show(_ text: String) {
        guard isShown else { return }
        shown.withLock { shown in
            guard text != shown else { return }
            shown = text
            FileHandle.standardError.write(Data("\r\u{1B}[K\(text)".utf8))
        }
    }

    /// Removes the line, so that the script's own output stands alone.
    func clear() {
        guard isShown else { return }
        shown.withLock { shown in
            guard !shown.isEmpty else { return }
            shown = ""
            FileHandle.standardError.write(Data("\r\u{1B}[K".utf8))
        }
    }
}
