import Testing

/// What a loop collects: the twin of every hostile case is split.
@Suite struct AccumulatorVerdictTests {
    @Test func `lists, sums, keyed sums and sets are merged only when nothing else looks at them`() throws {
        try VerdictCase.check(Self.cases)
    }

    private static let cases = [
        VerdictCase(
            "append",
            """
            out = []
            for x in range(9):  # split
                out.append(x * x)
            for x in range(9):  # stays accumulator_read
                out.append(len(out))
            for x in range(9):  # stays accumulator_read
                out.append(x)
                if out[-1] > 3:
                    continue
            """),
        VerdictCase(
            "append and extend and +=",
            """
            out = []
            for x in range(9):  # split
                out.append(x)
                out.extend([x, x])
                out += [1]
            """),
        VerdictCase(
            "append under a condition that reads the list",
            """
            out = []
            for x in range(9):  # stays accumulator_read
                if x not in out:
                    out.append(x)
            """),
        VerdictCase(
            "sum and running sum",
            """
            n = 0
            for x in range(9):  # split
                n += x
            seen = []
            total = 0
            for x in range(9):  # stays carried_state
                total += x
                seen.append(total)
            """),
        VerdictCase(
            "fold by assignment",
            """
            n = 1
            for x in range(9):  # split
                n = n * x
            for x in range(9):  # stays carried_state
                n = x - n
            for x in range(9):  # stays carried_state
                n = n * 2 + x
            """),
        VerdictCase(
            "last value and carried value",
            """
            last = None
            for x in range(9):  # split
                y = x + 1
                if y > 3:
                    last = y
            previous = 0
            for x in range(9):  # stays carried_state
                d = x - previous
                previous = x
            """),
        VerdictCase(
            "private name read before it is surely set",
            """
            for x in range(9):  # stays carried_state
                if x % 2:
                    flag = x
                print(flag)
            for x in range(9):  # split
                if x % 2:
                    flag = x
                else:
                    flag = 0
                print(flag)
            """),
        VerdictCase(
            "name set in an inner loop that may be empty",
            """
            for x in range(9):  # stays carried_state
                for y in range(x):
                    z = y
                print(z)
            for x in range(9):  # split
                z = 0
                for y in range(x):
                    z = y
                print(z)
            """),
        VerdictCase(
            "counts by key",
            """
            from collections import Counter, defaultdict
            plain, counter, default = {}, Counter(), defaultdict(int)
            a = {}
            c = Counter()
            d = defaultdict(int)
            for x in "some text":  # split
                a[x] = a.get(x, 0) + 1
                c[x] += 1
                d[x] += 2
            for x in "some text":  # stays accumulator_read
                a[x] = a.get(x, 0) + 1
                print(a[x])
            for x in "some text":  # stays
                a[x] = a.get(x, 0) + 1
                if len(a) > 3:
                    del a[x]
            """),
        VerdictCase(
            "get with another key or another dict",
            """
            a = {}
            b = {}
            for x in "some text":  # stays
                a[x] = a.get("y", 0) + 1
            for x in "some text":  # split
                a[x] = b.get(x, 0) + 1
            """),
        VerdictCase(
            "membership branches",
            """
            a = {}
            for x in "some text":  # split
                if x in a:
                    a[x] += 1
                else:
                    a[x] = 1
            for x in "some text":  # split
                if x not in a:
                    a[x] = 0
                a[x] += 3
            for x in "some text":  # stays
                if x in a:
                    a[x] += 1
                else:
                    a[x] = 100
            """),
        VerdictCase(
            "try around a keyed count",
            """
            a = {}
            for x in "some text":  # stays
                try:
                    a[x] += 1
                except KeyError:
                    a[x] = 1
            """),
        VerdictCase(
            "try around a plain count",
            """
            n = 0
            bad = 0
            for x in ["1", "x"]:  # split
                try:
                    n += int(x)
                except ValueError:
                    bad += 1
            """),
        VerdictCase(
            "grouping",
            """
            from collections import defaultdict
            g = defaultdict(list)
            h = {}
            s = defaultdict(set)
            for x in range(9):  # split
                g[x % 3].append(x)
                h.setdefault(x % 2, []).append(x)
                s[x % 2].add(x)
            for x in range(9):  # stays accumulator_read
                g[x % 3].append(x)
                print(len(g))
            """),
        VerdictCase(
            "dict written and its order changed",
            """
            d = {}
            for x in range(9):  # split
                d[x % 4] = x
            for x in range(9):  # stays
                d.pop(x % 4, None)
                d[x % 4] = x
            """),
        VerdictCase(
            "sets",
            """
            s = set()
            for x in range(9):  # split
                s.add(x % 3)
            for x in range(9):  # stays
                if x in s:
                    continue
                s.add(x)
            for x in range(9):  # stays
                s.add(x)
                s.discard(x - 1)
            """),
        VerdictCase(
            "several results at once, mixed feeding of one",
            """
            out = []
            n = 0
            for x in range(9):  # split
                n += 1
                out.append(x)
                print(x)
            mixed = []
            for x in range(9):  # stays
                mixed.append(x)
                mixed.insert(0, x)
            """),
        VerdictCase(
            "comprehensions",
            """
            numbers = [1, 2, 3]
            a = [x * 2 for x in numbers]  # split
            b = {x % 2 for x in numbers}  # split
            c = {x: x * 2 for x in numbers}  # split
            d = sum(x for x in numbers)  # split
            e = "".join(str(x) for x in numbers)  # split
            f = sorted((x for x in numbers), key=lambda v: -v)  # split
            g = max((x for x in numbers), key=lambda v: -v)  # stays lazy
            h = any(x > 1 for x in numbers)  # stays lazy
            i = (x for x in numbers)  # stays lazy
            j = [y := x for x in numbers]  # stays walrus
            """),
        VerdictCase(
            "global accumulator read by a helper",
            """
            total = 0
            def show():
                print(total)
            def quiet():
                print("x")
            for x in range(9):  # stays accumulator_read
                total += x
                show()
            for x in range(9):  # split
                total += x
                quiet()
            """),
        VerdictCase(
            "loop variable read by a helper",
            """
            def show():
                print(x)
            for x in range(9):  # stays accumulator_read
                show()
            """),
        VerdictCase(
            "accumulator read by an operator",
            """
            n = 0
            class Odd:
                def __init__(self, v):
                    self.v = v
                def __eq__(self, other):
                    return self.v == other.v + n
            items = [Odd(1), Odd(2)]
            for x in items:  # stays
                if x == items[0]:
                    n += 1
            """),
        VerdictCase(
            "accumulators of an outer function",
            """
            def outer(rows):
                found = []
                def inner(path):
                    for x in rows:  # split
                        found.append(x)
                inner("a")
                return found
            print(outer([1, 2]))
            """),
        VerdictCase(
            "nonlocal and global counters in helpers",
            """
            count = 0
            def bump():
                global count
                count += 1
            for x in range(9):  # stays
                bump()
            def run():
                n = 0
                def step():
                    nonlocal n
                    n += 1
                for x in range(9):  # stays
                    step()
                return n
            run()
            """),
        VerdictCase(
            "sum of an outer function",
            """
            def outer(rows):
                n = 0
                found = []
                def inner():
                    nonlocal n
                    for x in rows:  # stays nonlocal_write
                        n += x
                    for x in rows:  # split
                        found.append(x)
                inner()
                return n
            outer([1])
            """),
        VerdictCase(
            "elements that print when they are made",
            """
            def loud(x):
                print(x)
                return x
            a = sum(loud(x) for x in range(9))  # stays effects_in_generator
            b = [loud(x) for x in range(9)]  # split
            """),
        VerdictCase(
            "early exits",
            """
            def first(xs):
                for x in xs:  # stays return
                    if x:
                        return x
            for x in range(9):  # stays break
                if x > 3:
                    break
            for x in range(9):  # split
                for y in range(9):  # stays break
                    if y > x:
                        break
            def gen(xs):
                for x in xs:  # stays yield
                    yield x
            """),
        VerdictCase(
            "walrus and unpacking",
            """
            import re
            out = []
            for line in ["a1", "b"]:  # split
                if m := re.search(r"\\d", line):
                    out.append(m.group())
            for k, (a, *b) in [(1, (2, 3))]:  # split
                out.append((k, a, b))
            box = [0]
            for box[0] in range(3):  # stays loop_target
                out.append(1)
            """),
        VerdictCase(
            "names deleted, classes made, imports in the body",
            """
            for x in range(9):  # stays deletes_name
                y = x
                del y
            for x in range(9):  # stays class_in_loop
                class A:
                    pass
            for x in range(9):  # stays imports_module
                import something
            """),
    ]
}
