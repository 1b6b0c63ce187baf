import Foundation
import RunSurgeCore
import Synchronization

/// A terminal that one view has for itself: drawn over in place, and given back as it was.
final class LiveScreen: Sendable {
    private struct State {
        /// Of the terminal before; nil when the input is none.
        var settings: termios?
        var isBegun = false
    }

    private static let usualSize = (columns: 80, rows: 24)
    private let state = Mutex(State())

    /// Whether standard output is a terminal.
    static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

    /// Takes the other screen of the terminal, without a cursor, and without an echo of what is typed.
    func begin() throws {
        state.withLock { state in
            state.isBegun = true
            var settings = termios()
            guard isatty(STDIN_FILENO) == 1, tcgetattr(STDIN_FILENO, &settings) == 0 else { return }
            state.settings = settings
            settings.c_lflag &= ~tcflag_t(ECHO | ICANON)
            tcsetattr(STDIN_FILENO, TCSANOW, &settings)
        }
        try write("\u{1B}[?1049h\u{1B}[?25l")
    }

    /// As it was before. Idempotent.
    func end() {
        let (isBegun, settings) = state.withLock { state in
            defer { state.isBegun = false }
            return (state.isBegun, state.settings)
        }
        guard isBegun else { return }
        // A terminal that is gone can't be given back.
        try? write("\u{1B}[?25h\u{1B}[?1049l")
        if var settings { tcsetattr(STDIN_FILENO, TCSANOW, &settings) }
    }

    /// Columns and rows now.
    var size: (columns: Int, rows: Int) {
        var window = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &window) == 0, window.ws_col > 0, window.ws_row > 0 else {
            return Self.usualSize
        }
        return (Int(window.ws_col), Int(window.ws_row))
    }

    /// Shows lines that fit the size, in one write, so that nothing flickers: each overwrites the one before it.
    func draw(_ lines: [String]) throws {
        let body = lines.map { $0 + "\u{1B}[K" }.joined(separator: "\r\n")
        // Between 2026h and 2026l terminals that know it show nothing half done.
        try write("\u{1B}[?2026h\u{1B}[H\(body)\u{1B}[J\u{1B}[?2026l")
    }

    private func write(_ text: String) throws { try LogStream.standardOutput.write(Array(text.utf8)) }
}
