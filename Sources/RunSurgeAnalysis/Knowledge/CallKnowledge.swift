/// What a known function or method of the builtins or the standard library does.
enum CallKnowledge: Hashable {
    /// No effects; the result is immutable or holds nothing of the arguments.
    case scalar
    /// No effects; a new mutable object that holds nothing of the arguments.
    case fresh
    /// No effects; a new object that may hold parts of the arguments or receiver.
    case derived
    /// No effects; the result may be an argument, or a part of one.
    case element
    /// Changes the receiver or the first argument, which may keep the other arguments; may return a part.
    case mutates
    /// Writes to the receiver, a file or csv writer.
    case writes
    /// Takes from an iterator or handle: its first argument or receiver.
    case consumes
    /// Calls its function arguments with parts of the others; a new object results.
    case higherOrder
    /// Its effect or result depends on the process, the clock, the machine or chance.
    case refused(code: String, reason: String)
}

func words(_ text: String) -> Set<String> { Set(text.split(whereSeparator: \.isWhitespace).map(String.init)) }
