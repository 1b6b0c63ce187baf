/// The builtin functions and types by name.
enum BuiltinFunctions {
    static let scalar = words(
        """
        abs all any ascii bin bool bytes callable chr complex float format hasattr hash hex int
        isinstance issubclass len oct ord range repr round str type slice object super divmod pow memoryview
        """)
    static let fresh = words("bytearray")
    static let derived = words("dict frozenset list set tuple enumerate zip reversed")
    static let element = words("getattr iter sum")
    static let higherOrder = words("sorted min max map filter")
    static let consumes = words("next")
    static let mutates = words("setattr delattr")
    static let dynamic = words("eval exec compile __import__ globals locals vars dir breakpoint help")

    static func knowledge(_ name: String) -> CallKnowledge? {
        if scalar.contains(name) { return .scalar }
        if fresh.contains(name) { return .fresh }
        if derived.contains(name) { return .derived }
        if element.contains(name) { return .element }
        if higherOrder.contains(name) { return .higherOrder }
        if consumes.contains(name) { return .consumes }
        if mutates.contains(name) { return .mutates }
        if isException(name) { return .derived }
        switch name {
        case "open": return .refused(code: "opens_file", reason: "the body opens a file")
        case "input": return .refused(code: "reads_input", reason: "the body reads standard input")
        case "id": return .refused(code: "identity", reason: "the body looks at object identities")
        case "exit", "quit": return .refused(code: "exit", reason: "the body ends the script")
        default: break
        }
        if dynamic.contains(name) { return .refused(code: "dynamic_code", reason: "\(name)() is dynamic code") }
        return nil
    }

    static func isException(_ name: String) -> Bool {
        name.hasSuffix("Error") || name.hasSuffix("Exception") || name == "StopIteration" || name == "KeyboardInterrupt"
            || name.hasSuffix("Warning") || name == "SystemExit" || name == "GeneratorExit"
    }

    static let constants = words("NotImplemented Ellipsis __debug__ __build_class__")
}
