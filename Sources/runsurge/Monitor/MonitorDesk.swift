import Foundation
import RunSurgeCore
import ZeroMQ

/// Takes in events and shows what they add up to.
actor MonitorDesk {
    enum Output {
        /// A table that is drawn over.
        case screen(LiveScreen)
        /// A JSON document a line.
        case lines
    }

    private var model = ClusterModel()
    private let output: Output
    private let start = ContinuousClock.now
    private let encoder = JSONEncoder()
    private var lastShown = -Double.infinity
    /// More often than this nobody can read it.
    private static let shortest = 0.2

    init(_ output: Output) {
        self.output = output
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    }

    private var now: Double {
        let passed = (ContinuousClock.now - start).components
        return Double(passed.seconds) + Double(passed.attoseconds) / 1e18
    }

    /// Shows what is new at once when a node or the master is in another state.
    /// - Throws: `ScriptStatus` when nobody reads any more.
    func take(_ messages: [Message]) throws {
        if note(messages), now - lastShown >= Self.shortest || !isOnScreen { try show() }
    }

    /// Whether a node or the master is in another state.
    @discardableResult
    func note(_ messages: [Message]) -> Bool {
        var isTurn = false
        for message in messages where message.frames.count == 2 {
            let topic = String(decoding: message.frames[0], as: UTF8.self)
            if model.take(topic: topic, payload: message.frames[1], at: now) == .turn { isTurn = true }
        }
        return isTurn
    }

    private var isOnScreen: Bool { if case .screen = output { true } else { false } }

    func show() throws {
        lastShown = now
        let snapshot = ClusterSnapshot(model, now: now, time: Date().timeIntervalSince1970)
        switch output {
        case .screen(let screen):
            let size = screen.size
            try screen.draw(
                MonitorTable(snapshot: snapshot, isColoured: true).lines(width: size.columns, height: size.rows))
        case .lines: try LogStream.standardOutput.write(Array(try encoder.encode(snapshot)) + [UInt8(ascii: "\n")])
        }
    }

    /// The table once, for whoever asked for no more.
    func print() throws {
        let snapshot = ClusterSnapshot(model, now: now, time: Date().timeIntervalSince1970)
        let text = MonitorTable(snapshot: snapshot).lines(width: 200).joined(separator: "\n") + "\n"
        try LogStream.standardOutput.write(Array(text.utf8))
    }

    /// Seconds since the master was heard; nil: never.
    var beaconAge: Double? { model.beaconHeard.map { now - $0 } }
}
