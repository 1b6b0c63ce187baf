/// A snapshot as the lines of a terminal.
struct MonitorTable {
    let snapshot: ClusterSnapshot
    /// Whether lines may hold the escape sequences of colours.
    var isColoured = false

    /// Without a beacon for longer the master is away.
    private static let patience = 3.0
    private static let queuesShown = 4

    private enum Colour: String {
        case bold = "1"
        case red = "31"
        case yellow = "33"
        case faint = "2"
    }

    /// - Parameters:
    ///   - width: columns; what is longer is cut.
    ///   - height: lines; the last one says how many are missing. nil: as many as it takes.
    func lines(width: Int, height: Int? = nil) -> [String] {
        var lines = header + [("", nil)] + rows
        if let height, lines.count > max(1, height) {
            let shown = max(1, height) - 1
            let missing = lines.count - shown
            lines = lines.prefix(shown) + [("… \(missing) more lines; --json shows all", Colour.faint)]
        }
        return lines.map { text, colour in
            let cut = Self.cut(text, to: max(1, width))
            guard isColoured, let colour else { return cut }
            return "\u{1B}[\(colour.rawValue)m\(cut)\u{1B}[0m"
        }
    }

    // MARK: The header

    private var header: [(String, Colour?)] {
        guard let age = snapshot.beaconAgeSeconds, let term = snapshot.term else {
            return [("RunSurge: no beacon of a master yet", .yellow)]
        }
        let gone = snapshot.nodesGone > 0 ? ", \(snapshot.nodesGone) gone" : ""
        let rate = snapshot.chunksPerSecond.map { "\(Self.number($0)) chunks/s" } ?? "- chunks/s"
        let isAway = age > Self.patience
        let beacon = isAway ? "NO BEACON for \(Self.time(age)): is the master gone?" : "beacon \(Self.time(age)) ago"
        let oldest = snapshot.oldestLeaseSeconds.map { " (oldest \(Self.time($0)))" } ?? ""
        var lines: [(String, Colour?)] = [
            (
                "RunSurge  term \(term)  \(snapshot.nodesAlive) nodes\(gone)  "
                    + "\(snapshot.busySlots)/\(snapshot.slots) slots busy  \(rate)  \(beacon)",
                isAway ? .red : .bold
            ),
            (
                "jobs \(snapshot.runningJobs) running, \(snapshot.waitingJobs) waiting"
                    + "  chunks \(Self.number(snapshot.readyChunks)) ready, "
                    + "\(Self.number(snapshot.leasedChunks)) leased\(oldest)"
                    + "  accepted \(Self.number(snapshot.chunksAccepted))  lost \(Self.number(snapshot.attemptsLost))"
                    + "  bad messages \(Self.number(snapshot.badMessages))  missed beacons \(snapshot.missedBeacons)"
                    + (snapshot.takeovers > 0 ? "  new masters \(snapshot.takeovers)" : ""), nil
            ),
        ]
        lines += snapshot.queues.prefix(Self.queuesShown).map { (Self.text($0), nil) }
        let more = snapshot.queues.count - Self.queuesShown
        if more > 0 { lines.append(("… \(more) more classes wait", .faint)) }
        return lines
    }

    private static func text(_ queue: ClusterSnapshot.Queue) -> String {
        let python = queue.pythonVersion.isEmpty ? "any Python" : "Python \(clean(queue.pythonVersion))"
        let modules = queue.modules.isEmpty ? "" : " with \(clean(queue.modules.joined(separator: ", ")))"
        // What a script itself will take is not known before it has run.
        let memory = queue.memoryBytes > 1 ? ", up to \(MemorySize(bytes: queue.memoryBytes))" : ""
        let waiting = "chunks \(number(queue.readyChunks)), scripts \(number(queue.waitingDrivers))"
        return "queue  \(python)\(modules)\(memory): \(waiting)"
    }

    // MARK: The nodes

    private static let headings = [
        "NODE", "NAME", "STATE", "SLOTS", "MEMORY", "CHUNKS/S", "DONE", "FAILED", "UNACKED", "LEASES", "OLDEST", "LOAD",
        "BEAT",
    ]
    /// Numbers are flush right.
    private static let flushRight: Set<Int> = [0, 3, 5, 6, 7, 8, 9, 10, 11, 12]

    private var rows: [(String, Colour?)] {
        let cells = snapshot.nodes.map(Self.cells)
        let widths = Self.headings.indices.map { column in
            ([Self.headings] + cells).map { $0[column].count }.max() ?? 0
        }
        var rows: [(String, Colour?)] = [(Self.joined(Self.headings, widths), .bold)]
        for (node, cells) in zip(snapshot.nodes, cells) {
            rows.append((Self.joined(cells, widths), Self.colour(of: node)))
            guard !node.isGone else { continue }
            rows += node.running.map { (Self.text($0), nil) }
        }
        return rows
    }

    private static func cells(_ node: NodeSummary) -> [String] {
        let age = node.stateSeconds.map { " \(time($0))" } ?? ""
        return [
            "\(node.nodeId)", clean(node.name), node.state + age, "\(node.busySlots)/\(node.slots)",
            "\(MemorySize(bytes: node.memoryUsedBytes))/\(MemorySize(bytes: node.memoryBytes))",
            node.chunksPerSecond.map(number) ?? "-", number(node.chunksCompleted), number(node.chunksFailed),
            number(node.resultsUnacknowledged), number(node.leases), node.oldestLeaseSeconds.map(time) ?? "-",
            "\((node.loadAverage * 100).rounded() / 100)", node.heartbeatAgeSeconds.map(time) ?? "-",
        ]
    }

    private static func text(_ running: NodeSummary.Running) -> String {
        var what = "script"
        if let region = running.regionId, let chunk = running.chunkIndex { what = "region \(region) chunk \(chunk)" }
        let memory = MemorySize(bytes: running.residentBytes)
        return "      job \(running.jobId)  \(what)  \(time(running.seconds))  \(memory)"
    }

    private static func colour(of node: NodeSummary) -> Colour? {
        switch node.state {
        case "dead": .red
        case "unreachable", "draining", "unknown": .yellow
        case "left": .faint
        default: nil
        }
    }

    private static func joined(_ cells: [String], _ widths: [Int]) -> String {
        let padded = cells.indices.map { column in
            let room = String(repeating: " ", count: widths[column] - cells[column].count)
            return flushRight.contains(column) ? room + cells[column] : cells[column] + room
        }
        return padded.joined(separator: "  ")
    }

    // MARK: Words

    /// What a worker calls itself must not move the cursor.
    private static func clean(_ text: String) -> String {
        let scalars = text.unicodeScalars.map { $0.properties.generalCategory == .control ? "?" : $0 }
        return String(String.UnicodeScalarView(scalars))
    }

    private static func cut(_ text: String, to width: Int) -> String {
        text.count <= width ? text : String(text.prefix(width - 1)) + "…"
    }

    static func time(_ seconds: Double) -> String {
        switch seconds {
        case ..<10: "\((seconds * 10).rounded() / 10) s"
        case ..<120: "\(Int(seconds)) s"
        case ..<7_200: "\(Int(seconds / 60)) min"
        case ..<172_800: "\(Int(seconds / 3_600)) h"
        default: "\(Int(seconds / 86_400)) d"
        }
    }

    /// With the thousands apart.
    static func number(_ value: some BinaryInteger) -> String {
        var digits = Array(String(value))
        var position = digits.count - 3
        while position > (digits.first == "-" ? 1 : 0) {
            digits.insert(",", at: position)
            position -= 3
        }
        return String(digits)
    }

    static func number(_ value: Double) -> String {
        value < 100 ? "\((value * 10).rounded() / 10)" : number(Int64(min(value, 1e18).rounded()))
    }
}
