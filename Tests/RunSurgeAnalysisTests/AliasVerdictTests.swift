import Testing

/// One object under two names: the accumulator must not be reachable through anything the loop reads.
@Suite struct AliasVerdictTests {
    @Test func `an accumulator that the loop reaches in another way keeps the loop whole`() throws {
        try VerdictCase.check(Self.cases)
    }

    private static let cases = [
        VerdictCase(
            "second name",
            """
            out = []
            alias = out
            other = list(out)
            for x in range(9):  # stays alias
                out.append(x)
                print(len(alias))
            for x in range(9):  # split
                out.append(x)
                print(len(other))
            """),
        VerdictCase(
            "inside a container",
            """
            out = []
            box = {"rows": out}
            safe = {"rows": []}
            for x in range(9):  # stays alias
                out.append(x)
                print(len(box["rows"]))
            for x in range(9):  # split
                out.append(x)
                print(len(safe["rows"]))
            """),
        VerdictCase(
            "inside an instance",
            """
            class Holder:
                def __init__(self, rows):
                    self.rows = rows
            out = []
            holder = Holder(out)
            other = Holder([])
            for x in range(9):  # stays alias
                out.append(x)
                print(len(holder.rows))
            for x in range(9):  # split
                out.append(x)
                print(len(other.rows))
            """),
        VerdictCase(
            "attribute set later",
            """
            class Holder:
                pass
            out = []
            holder = Holder()
            holder.rows = out
            for x in range(9):  # stays alias
                out.append(x)
                print(len(holder.rows))
            """),
        VerdictCase(
            "default argument",
            """
            out = []
            def peek(rows=out):
                return len(rows)
            def count(rows=()):
                return len(rows)
            for x in range(9):  # stays alias
                out.append(x)
                print(peek())
            for x in range(9):  # split
                out.append(x)
                print(count())
            """),
        VerdictCase(
            "class attribute",
            """
            out = []
            class Config:
                rows = out
                limit = 3
            for x in range(9):  # stays alias
                out.append(x)
                print(len(Config.rows))
            """),
        VerdictCase(
            "parameters that may be one list",
            """
            def same(a, b):
                for x in range(9):  # stays alias
                    a.append(x)
                    print(len(b))
            def apart(a, b):
                for x in range(9):  # split
                    a.append(x)
                    print(len(b))
            shared = []
            same(shared, shared)
            apart([], [])
            """),
        VerdictCase(
            "function that is called from who knows where",
            """
            import somewhere
            def handle(a, b):
                for x in range(9):  # stays alias
                    a.append(x)
                    print(len(b))
            somewhere.register(handle)
            handle([], [])
            """),
        VerdictCase(
            "method that is called from who knows where",
            """
            import somewhere
            class H:
                def handle(self, a, b):
                    for x in range(9):  # stays alias
                        a.append(x)
                        print(len(b))
            h = H()
            somewhere.register(h.handle)
            h.handle([], [])
            """),
        VerdictCase(
            "list bound to a global by a callback",
            """
            import somewhere
            out = []
            alias = []
            def link():
                global alias
                alias = out
            somewhere.register(link)
            for x in range(9):  # stays alias
                out.append(x)
                print(len(alias))
            """),
        VerdictCase(
            "returned by a helper",
            """
            out = []
            def rows():
                return out
            for x in range(9):  # stays
                out.append(x)
                print(len(rows()))
            same = rows()
            for x in range(9):  # stays alias
                out.append(x)
                print(len(same))
            """),
        VerdictCase(
            "given by a context manager",
            """
            from contextlib import contextmanager
            out = []
            class Scope:
                def __enter__(self):
                    return out
                def __exit__(self, *a):
                    return None
            @contextmanager
            def lend():
                yield out
            with Scope() as same:
                for x in range(9):  # stays alias
                    out.append(x)
                    print(len(same))
            with lend() as same2:
                for x in range(9):  # stays
                    out.append(x)
                    print(len(same2))
            """),
        VerdictCase(
            "through star arguments and keywords",
            """
            out = []
            def add(*lists, **more):
                lists[0].append(1)
            def put(**more):
                more["a"].append(1)
            for x in range(9):  # stays outer_mutation
                add(out)
            for x in range(9):  # stays outer_mutation
                put(a=out)
            args = [out]
            for x in range(9):  # stays outer_mutation
                add(*args)
            """),
        VerdictCase(
            "chosen by a condition",
            """
            import sys
            a = []
            b = []
            c = a if len(sys.argv) > 1 else b
            for x in range(9):  # stays alias
                c.append(x)
                print(len(b))
            """),
        VerdictCase(
            "found by attribute access of its own",
            """
            out = []
            class Proxy:
                def __getattr__(self, name):
                    return out
            p = Proxy()
            for x in range(9):  # stays
                out.append(x)
                print(len(p.anything))
            """),
        VerdictCase(
            "captured by a pattern",
            """
            out = []
            box = [out]
            match box:
                case [inner]:
                    pass
            for x in range(9):  # stays alias
                out.append(x)
                print(len(inner))
            """),
        VerdictCase(
            "put into a dictionary by a helper",
            """
            registry = {}
            def register(name, rows):
                registry[name] = rows
            out = []
            register("out", out)
            for x in range(9):  # stays alias
                out.append(x)
                print(len(registry["out"]))
            """),
        VerdictCase(
            "dict view",
            """
            d = {}
            values = d.values()
            for x in range(9):  # stays alias
                d[x] = x
                print(sum(values))
            """),
        VerdictCase(
            "bound method kept in a name",
            """
            out = []
            add = out.append
            for x in range(9):  # stays unknown_call
                add(x)
            """),
        VerdictCase(
            "iterated and changed",
            """
            work = [1, 2]
            for x in work:  # stays source_mutated
                if x < 5:
                    work.append(x + 1)
            d = {1: 2}
            for k in list(d):  # stays source_mutated
                d[k + 1] = 2
            for k in [1, 2]:  # split
                d[k + 1] = 2
            """),
        VerdictCase(
            "iterated through an attribute",
            """
            class H:
                def __init__(self):
                    self.rows = [1]
            h = H()
            out = h.rows
            for x in h.rows:  # stays source_mutated
                out.append(x)
            """),
        VerdictCase(
            "element of a nested list",
            """
            table = [[] for _ in range(3)]
            first = table[0]
            for x in range(9):  # stays alias
                first.append(x)
                print(len(table[1]))
            """),
        VerdictCase(
            "passed to unknown code before",
            """
            import somewhere
            out = []
            box = somewhere.wrap(out)
            for x in range(9):  # stays
                out.append(x)
                print(box)
            """),
        VerdictCase(
            "another module's list under two names",
            """
            import helpers
            from helpers import rows
            for x in range(9):  # stays
                rows.append(x)
                print(helpers.count())
            """, modules: ["helpers": "rows = []\ndef count():\n    return len(rows)\n"]),
        VerdictCase(
            "two accumulators that are one list",
            """
            a = b = []
            for x in range(9):  # stays alias
                a.append(x)
                b.append(-x)
            c = []
            d = []
            for x in range(9):  # split
                c.append(x)
                d.append(-x)
            """),
        VerdictCase(
            "buffer read while written",
            """
            import io
            buffer = io.StringIO()
            for x in range(9):  # stays
                buffer.write(str(x))
                print(len(buffer.getvalue()))
            view = buffer
            for x in range(9):  # stays alias
                buffer.write(str(x))
                print(view)
            for x in range(9):  # split
                buffer.write(str(x))
            """),
        VerdictCase(
            "several names assigned at once",
            """
            a, b = [], []
            (c, [d, n]) = [], ({}, 0)
            for x in range(9):  # split
                a.append(x)
                b.append(-x)
            for x in range(9):  # split
                c.append(x)
                d[x] = x
                n += x
            shared = []
            e, f = shared, shared
            for x in range(9):  # stays alias
                e.append(x)
                f.append(-x)
            g, h = a, b
            for x in range(9):  # stays alias
                g.append(x)
                print(len(a))
            for x in range(9):  # split
                g.append(x)
                print(len(b))
            """),
        VerdictCase(
            "names swapped",
            """
            a, b = [], []
            g, h = a, b
            g, h = h, g
            for x in range(9):  # stays alias
                g.append(x)
                print(len(b))
            """),
        VerdictCase(
            "a starred assignment mixes",
            """
            pair = [], []
            a, *b = pair
            for x in range(9):  # stays alias
                a.append(x)
                print(pair)
            """),
        VerdictCase(
            "the containers of a dict under another name",
            """
            rows = []
            groups = {"k": rows}
            for x in range(9):  # stays alias
                groups["k"].append(x)
                print(len(rows))
            held = {}
            held.setdefault("k", [])
            one = held["k"]
            for x in range(9):  # stays alias
                held.setdefault("k", []).append(x)
                print(len(one))
            first, second = {"k": rows}, {"z": rows}
            for x in range(9):  # stays alias
                first["k"].append(x)
                second["z"].append(-x)
            inner = {"k": []}
            copied = {**inner}
            for x in range(9):  # stays alias
                inner["k"].append(x)
                print(copied)
            """),
        VerdictCase(
            "containers of a dict that nothing else holds",
            """
            import collections
            rows = [[x] for x in range(9)]
            groups = {"k": []}
            other = {"k": []}
            lists = collections.defaultdict(list)
            for row in rows:  # split
                groups["k"].append(row)
                print(len(rows), other)
            for row in rows:  # split
                groups.setdefault(row[0], []).append(row)
                lists[row[0]].append(row)
            def grouped(items):
                found = {}
                for item in items:  # split
                    found.setdefault(item[0], []).append(item)
                for item in items:  # split
                    found.setdefault(item[0], []).append(item)
                return found
            print(grouped(rows), grouped([[1]]))
            for key in groups:  # split
                lists[key].append(key)
            """),
        VerdictCase(
            "the containers of a dict that a function is given",
            """
            rows = [[x] for x in range(9)]
            table = {"k": []}
            kept = {}
            def fill(groups, one):
                for row in rows:  # stays alias
                    groups["k"].append(row[0])
                    print(len(one))
            def fill_global(one):
                for row in rows:  # stays alias
                    table["k"].append(row[0])
                    print(len(one))
            def keep():
                for row in rows:  # split
                    kept.setdefault(row[0], []).append(row)
            fill(table, table["k"])
            fill_global(table["k"])
            keep()
            """),
        VerdictCase(
            "carried by an exception or given by an unknown call",
            """
            a, b, c = [], [], []
            class Stop(Exception):
                def __init__(self, rows):
                    self.rows = rows
            def fail():
                raise Stop(a)
            try:
                fail()
            except Stop as e:
                caught = [e.rows]
            try:
                raise ValueError(b)
            except ValueError as e:
                also = [e.args[0]]
            def outer():
                def inner():
                    return c
                return inner
            given = [outer()()]
            for x in range(9):  # stays alias
                a.append(x)
                print(caught)
            for x in range(9):  # stays alias
                b.append(x)
                print(also)
            for x in range(9):  # stays alias
                c.append(x)
                print(given)
            """),
        VerdictCase(
            "exceptions that carry nothing of the kind",
            """
            import sys
            good, bad = [], []
            def parse(text):
                if not text:
                    raise ValueError(f"empty {text!r}", [text])
                return int(text)
            for text in ["1", "", "x"]:  # split
                try:
                    good.append(parse(text))
                except ValueError as e:
                    bad.append((text, str(e)))
                    print(e, e.args, file=sys.stderr)
            for text in good:  # split
                bad.append(text)
                print(len(good))
            """),
    ]
}
