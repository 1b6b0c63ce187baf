/// Methods of builtin and standard types by name, whatever the receiver is.
enum Methods {
    static let scalar = words(
        """
        capitalize casefold center count encode endswith expandtabs find format format_map index isalnum isalpha isascii
        isdecimal isdigit isidentifier islower isnumeric isprintable isspace istitle isupper join ljust lower lstrip
        removeprefix removesuffix replace rfind rindex rjust rstrip startswith strip swapcase title translate
        upper zfill decode hex bit_length bit_count conjugate as_integer_ratio is_integer to_bytes isdisjoint issubset
        issuperset start end span date time isoformat strftime weekday isoweekday total_seconds timestamp
        toordinal quantize normalize sqrt to_integral_value is_nan is_infinite is_finite hexdigest digest getvalue
        utcoffset timetuple limit_denominator exp ln log10 as_tuple copysign
        """)
    static let fresh = words(
        """
        split rsplit splitlines partition rpartition groups groupdict findall finditer fullmatch search isocalendar unpack
        """)
    static let derived = words(
        """
        keys values items copy union intersection difference symmetric_difference most_common elements new_child _replace
        _asdict
        """)
    static let element = words("get group __getitem__ __len__ expand")
    static let mutates = words(
        """
        append extend insert remove pop popitem clear sort reverse update setdefault add discard appendleft popleft
        extendleft rotate subtract difference_update intersection_update symmetric_difference_update move_to_end
        __setitem__ __delitem__ seek truncate
        """)
    static let writes = words("write writelines writerow writerows writeheader")
    static let consumes = words("read readline readlines __next__ send close flush tell")
    /// `pattern.sub(function, …)` and `string.translate` aside, these may call what they are given.
    static let higherOrder = words("sub subn")
    /// Replacing parts of an immutable value; `replace` of strings and dates alike.
    static let ambiguous = words("match")
    static let random = words(
        "random randint randrange choice choices sample uniform gauss shuffle normalvariate expovariate betavariate seed"
    )

    static let all: Set<String> = [scalar, fresh, derived, element, mutates, writes, consumes, higherOrder, ambiguous]
        .reduce(into: []) { $0.formUnion($1) }

    static func knowledge(_ name: String) -> CallKnowledge? {
        if scalar.contains(name) { return .scalar }
        if fresh.contains(name) || ambiguous.contains(name) { return .fresh }
        if derived.contains(name) { return .derived }
        if element.contains(name) { return .element }
        if mutates.contains(name) { return .mutates }
        if writes.contains(name) { return .writes }
        if consumes.contains(name) { return .consumes }
        if higherOrder.contains(name) { return .higherOrder }
        if random.contains(name) {
            return .refused(code: "random", reason: "the body draws random numbers (.\(name)())")
        }
        return nil
    }
}
