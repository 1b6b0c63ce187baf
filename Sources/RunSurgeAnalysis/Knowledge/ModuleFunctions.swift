/// Functions of the standard library by dotted path.
enum ModuleFunctions {
    /// Modules whose every function is pure, with immutable or new results.
    private static let pureModules: Set<String> = [
        "math", "cmath", "string", "unicodedata", "operator", "keyword", "colorsys", "html", "textwrap", "difflib",
        "statistics", "fractions", "zlib", "base64", "binascii", "struct", "hashlib", "hmac", "ipaddress",
        "urllib.parse",
        "os.path.pure", "posixpath", "calendar", "numbers", "shlex", "fnmatch", "itertools", "types", "typing", "enum",
        "dataclasses", "copy", "ast", "stat", "html.entities", "string.templatelib", "quopri", "token", "bz2", "lzma",
        "email.utils", "abc", "collections.abc", "decimal", "re", "json", "datetime", "zoneinfo", "uuid.pure",
    ]
    private static let scalarModules: Set<String> = [
        "math", "cmath", "string", "unicodedata", "html", "zlib", "base64", "binascii", "colorsys", "keyword",
        "fractions", "decimal", "datetime", "urllib.parse", "textwrap",
    ]
    private static let special: [String: CallKnowledge] = {
        var table: [String: CallKnowledge] = [:]
        func add(_ names: String, _ knowledge: CallKnowledge) { for name in words(names) { table[name] = knowledge } }
        add(
            """
            heapq.heappush heapq.heappop heapq.heapify heapq.heapreplace heapq.heappushpop bisect.insort
            bisect.insort_left bisect.insort_right
            """, .mutates)
        add(
            "heapq.nlargest heapq.nsmallest heapq.merge functools.reduce itertools.groupby itertools.accumulate",
            .higherOrder)
        add(
            """
            itertools.takewhile itertools.dropwhile itertools.filterfalse itertools.starmap bisect.bisect
            bisect.bisect_left bisect.bisect_right functools.partial functools.cmp_to_key collections.defaultdict
            """, .higherOrder)
        add("re.sub re.subn json.loads json.dumps", .higherOrder)
        add(
            """
            re.compile re.match re.search re.fullmatch re.findall re.split re.finditer re.escape io.StringIO io.BytesIO
            collections.namedtuple struct.unpack struct.unpack_from struct.iter_unpack urllib.parse.parse_qs
            urllib.parse.parse_qsl urllib.parse.urlparse urllib.parse.urlsplit textwrap.wrap copy.deepcopy
            itertools.count string.Template array.array
            """, .fresh)
        add(
            """
            collections.Counter collections.OrderedDict collections.deque collections.ChainMap
            copy.copy csv.writer csv.DictWriter statistics.multimode dataclasses.asdict dataclasses.replace
            operator.itemgetter operator.attrgetter operator.methodcaller types.SimpleNamespace
            """, .derived)
        add("statistics.mode operator.getitem", .element)
        add("contextlib.suppress", .derived)
        add("csv.reader csv.DictReader", .consumes)
        add(
            """
            statistics.mean statistics.fmean statistics.median statistics.stdev statistics.pstdev statistics.variance
            statistics.pvariance os.path.join os.path.basename os.path.dirname os.path.splitext os.path.normpath
            os.path.split os.path.commonprefix os.fspath sys.intern sys.getsizeof.never
            builtins.str.maketrans builtins.int.from_bytes builtins.bytes.fromhex builtins.float.fromhex
            """, .scalar)
        add("builtins.dict.fromkeys itertools.chain.from_iterable", .derived)
        add("time.strptime time.mktime time.gmtime", .scalar)
        add(
            """
            datetime.datetime.now datetime.datetime.today datetime.datetime.utcnow datetime.date.today
            """, .refused(code: "time", reason: "the body reads the clock"))
        add(
            """
            decimal.getcontext decimal.setcontext decimal.localcontext
            """, .refused(code: "decimal_context", reason: "the body uses the decimal context"))
        add(
            """
            operator.setitem operator.delitem operator.iadd operator.iconcat operator.ior operator.call operator.isub
            operator.imul operator.iand operator.ixor operator.methodcaller operator.is_ operator.is_not
            """, .refused(code: "unknown_call", reason: "the body calls a function of operator that may change things"))
        add(
            "json.load json.dump re.purge re.template math.never itertools.tee",
            .refused(code: "unknown_call", reason: "the body calls a function with effects on a handle"))
        return table
    }()
    /// Why the functions of a module can't run in a chunk.
    private static let refusals: [String: (String, String)] = [
        "time": ("time", "the body reads the clock"), "random": ("random", "the body draws random numbers"),
        "secrets": ("random", "the body draws random numbers"), "uuid": ("random", "the body makes random identifiers"),
        "os": ("system", "the body calls the operating system"), "sys": ("system", "the body looks at the interpreter"),
        "subprocess": ("system", "the body starts processes"), "socket": ("system", "the body uses the network"),
        "shutil": ("system", "the body changes files"), "pathlib": ("system", "the body may look at the file system"),
        "logging": ("logging", "the body logs"), "warnings": ("warnings", "the body issues warnings"),
        "glob": ("system", "the body lists files"), "tempfile": ("system", "the body makes temporary files"),
    ]

    static func knowledge(_ path: String) -> CallKnowledge? {
        if let known = special[path] { return known }
        if path.hasPrefix("builtins.") {
            let rest = path.dropFirst("builtins.".count)
            let parts = rest.split(separator: ".", maxSplits: 1)
            guard parts.count == 2 else { return BuiltinFunctions.knowledge(String(rest)) }
            return nil
        }
        guard let dot = path.lastIndex(of: ".") else { return nil }
        var module = String(path[..<dot])
        while true {
            // Only pure modules: functions of their classes (`datetime.datetime.strptime`) are pure too.
            if pureModules.contains(module) { return scalarModules.contains(module) ? .scalar : .derived }
            if let (code, reason) = refusals[module] { return .refused(code: code, reason: "\(reason) (\(path))") }
            guard let next = module.lastIndex(of: ".") else { return nil }
            module = String(module[..<next])
        }
    }

    /// Attributes of modules that are the same in every process of the job.
    static func isStableAttribute(_ path: String) -> Bool {
        if words("sys.maxsize sys.argv sys.byteorder sys.version_info sys.float_info os.sep os.linesep").contains(path)
        {
            return true
        }
        guard let top = path.split(separator: ".").first.map(String.init) else { return false }
        return pureModules.contains(top)
            || ["collections", "functools", "heapq", "bisect", "csv", "io", "urllib"].contains(top)
    }
}
