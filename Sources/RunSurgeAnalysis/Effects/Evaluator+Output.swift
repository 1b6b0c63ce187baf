extension Evaluator {
    func print(_ arguments: [Expression], _ keywords: [Keyword], _ scope: ScopeID) -> Objects {
        var stream: String? = "stdout"
        for keyword in keywords where keyword.name == "file" {
            if case .constant(.none) = keyword.value.kind { continue }
            switch dotted(keyword.value, scope) {
            case "sys.stdout": noteRoot(of: keyword.value, scope)
            case "sys.stderr":
                noteRoot(of: keyword.value, scope)
                stream = "stderr"
            default:
                stream = nil
                write(evaluate(keyword.value, scope), via: "print")
            }
        }
        if keywords.contains(where: { $0.name == nil }) { hazard("unknown_call", "print(**…) may go anywhere") }
        for argument in arguments { _ = evaluate(argument, scope) }
        for keyword in keywords where keyword.name != "file" { _ = evaluate(keyword.value, scope) }
        if let stream { effects.streams.insert(stream) }
        return []
    }

    func standardStream(_ path: String) -> String? {
        for stream in ["stdout", "stderr"] where path.hasPrefix("sys.\(stream).") { return stream }
        return nil
    }

    func writeStream(
        _ stream: String, _ path: String, _ arguments: [Expression], _ keywords: [Keyword], _ scope: ScopeID
    ) -> Objects {
        _ = evaluate(arguments, keywords, scope)
        if let variable = variable("sys", scope) { effects.reads.insert(variable) }
        switch path {
        case "sys.\(stream).write", "sys.\(stream).writelines", "sys.\(stream).flush": effects.streams.insert(stream)
        default: hazard("stream_object", "\(path) is used")
        }
        return []
    }

    /// Writing to handles made outside is recorded; those made by the code itself are its own.
    func write(_ receivers: Objects, via: String) {
        for object in receivers {
            switch object {
            case .site:
                let inside = contents([object])
                if inside.contains(where: { if case .site = $0 { false } else { true } }) {
                    hazard("handle", "a handle from outside is written through an object made in the loop")
                }
            case .root: effects.writes[object, default: []].insert(via)
            default: hazard("handle", "a handle that can't be named is written")
            }
        }
    }
}
