import Testing

/// What a body does besides computing.
@Suite struct EffectVerdictTests {
    @Test func `effects that can't be replayed keep a loop whole`() throws { try VerdictCase.check(Self.effects) }

    @Test func `helpers, classes and closures are followed`() throws { try VerdictCase.check(Self.calls) }

    @Test func `names mean what the script makes of them`() throws { try VerdictCase.check(Self.names) }

    @Test func `iterators and handles are not shared with the body`() throws { try VerdictCase.check(Self.handles) }

    private static let effects = [
        VerdictCase(
            "output",
            """
            import sys
            with open("o.txt", "w") as out:
                for x in range(9):  # split
                    print(x)
                    print(x, file=sys.stderr)
                    sys.stdout.write("x")
                    out.write("y")
                    print(x, file=out)
            """),
        VerdictCase(
            "csv and json writers",
            """
            import csv, json
            with open("o.csv", "w", newline="") as f:
                w = csv.writer(f)
                for x in range(9):  # split
                    w.writerow([x])
                    json.dump({"x": x}, f)
            """),
        VerdictCase(
            "the clock, chance, the system",
            """
            import time, random, os, uuid, datetime, logging, warnings
            from random import random as draw
            r = random.Random(3)
            for x in range(9):  # stays time
                print(time.time())
            for x in range(9):  # stays random
                print(random.random())
            for x in range(9):  # stays random
                print(draw())
            for x in range(9):  # stays outer_mutation
                print(r.randint(1, 2))
            for x in range(9):  # split
                print(random.Random(x).randint(1, 2))
            for x in range(9):  # stays
                print(random.Random().randint(1, 2))
            for x in range(9):  # stays random
                print(uuid.uuid4())
            for x in range(9):  # stays system
                print(os.getpid())
            for x in range(9):  # stays time
                print(datetime.datetime.now())
            for x in range(9):  # stays logging
                logging.info("x")
            for x in range(9):  # stays warnings
                warnings.warn("x")
            for x in range(9):  # stays identity
                print(id(x))
            for x in range(9):  # stays reads_input
                print(input())
            for x in range(9):  # split
                print(datetime.date(2024, 1, x + 1).isoformat(), os.path.join("a", str(x)))
            """),
        VerdictCase(
            "objects from outside changed",
            """
            table = [[0] * 3 for _ in range(3)]
            d = {}
            class P:
                pass
            p = P()
            for x in range(3):  # stays outer_mutation
                table[0][x] = 1
            for x in range(3):  # stays outer_mutation
                p.last = x
            for x in range(3):  # stays outer_mutation
                table.sort()
            for x in range(3):  # stays accumulator_read
                d[x] = 1
                d.clear()
            for x in range(3):  # split
                row = [0] * 3
                row[x] = 1
                row.sort()
            """),
        VerdictCase(
            "identity",
            """
            a = [1]
            for x in [a, [1]]:  # stays identity
                print(x is a)
            for x in [a, None]:  # split
                print(x is None, type(x) is list)
            """),
        VerdictCase(
            "kept functions, generators, exceptions",
            """
            out = []
            for x in range(3):  # stays kept_function
                out.append(lambda: x)
            for x in range(3):  # stays kept_function
                out.append(y for y in [x])
            for x in range(3):  # stays kept_function
                try:
                    out.append(1 / x)
                except ZeroDivisionError as error:
                    out.append(error)
            for x in range(3):  # split
                try:
                    out.append(1 / x)
                except ZeroDivisionError as error:
                    out.append(str(error))
            fs = [lambda: x for x in range(3)]  # stays kept_function
            def make(v):
                return lambda: v
            gs = [make(x) for x in range(3)]  # stays kept_function
            hs = [{"f": make(x)} for x in range(3)]  # stays kept_function
            """),
        VerdictCase(
            "files and folders",
            """
            import os
            for x in ["a", "b"]:  # stays
                os.remove(x)
            for x in ["a", "b"]:  # stays
                f = open(x, "w")
                f.write("x")
            """),
        VerdictCase(
            "defaultdict reads insert",
            """
            from collections import defaultdict
            d = defaultdict(list)
            e = {}
            for x in range(3):  # stays outer_mutation
                print(d[x])
            for x in range(3):  # split
                print(d.get(x), e.get(x))
            for k in sorted(d):  # split
                print(d[k])
            for k, v in d.items():  # stays outer_mutation
                print(d[v])
            for k in sorted(d):  # stays outer_mutation
                k = k + 1
                print(d[k])
            """),
        VerdictCase(
            "exit",
            """
            import sys
            for x in range(3):  # stays
                if x > 1:
                    sys.exit(2)
            """),
    ]

    private static let calls = [
        VerdictCase(
            "helpers",
            """
            LIMIT = 3
            def double(x):
                return x * 2 if x < LIMIT else x
            def twice(x):
                return double(double(x))
            out = []
            for x in range(9):  # split
                out.append(twice(x))
            """),
        VerdictCase(
            "recursion",
            """
            def fib(n):
                return n if n < 2 else fib(n - 1) + fib(n - 2)
            def walk(node, seen):
                seen.append(node)
                for child in node:
                    walk(child, seen)
            seen = []
            for x in range(9):  # split
                print(fib(x))
            for x in range(9):  # stays
                walk([[x]], seen)
            for x in range(9):  # split
                mine = []
                walk([[x]], mine)
                print(mine)
            """),
        VerdictCase(
            "mutable default",
            """
            def add(item, bucket=[]):
                bucket.append(item)
                return len(bucket)
            def fresh(item, bucket=None):
                bucket = bucket or []
                bucket.append(item)
                return len(bucket)
            for x in range(9):  # stays outer_mutation
                print(add(x))
            for x in range(9):  # split
                print(fresh(x))
            """),
        VerdictCase(
            "caches",
            """
            from functools import lru_cache
            scale = 2
            scale = 3
            @lru_cache(maxsize=None)
            def pure(n):
                return n * n
            @lru_cache
            def scaled(n):
                return n * scale
            @lru_cache
            def loud(n):
                print(n)
                return n
            for x in range(9):  # split
                print(pure(x))
            for x in range(9):  # stays cached_effects
                print(scaled(x))
            for x in range(9):  # stays cached_effects
                print(loud(x))
            """),
        VerdictCase(
            "cache statistics",
            """
            from functools import lru_cache
            @lru_cache
            def pure(n):
                return n * n
            for x in range(9):  # stays whole_script
                print(pure(x))
            print(pure.cache_info())
            """),
        VerdictCase(
            "decorators",
            """
            import functools, other
            def loud(f):
                @functools.wraps(f)
                def inner(*a):
                    print("call")
                    return f(*a)
                return inner
            @loud
            def one(x):
                return x
            @other.jit
            def two(xs):
                for x in xs:  # stays decorated
                    print(x)
            class A:
                @staticmethod
                def three(x):
                    return x
                @classmethod
                def four(cls, x):
                    return x
                @property
                def five(self):
                    return 5
            a = A()
            for x in range(9):  # stays unknown_call
                print(one(x))
            for x in range(9):  # split
                print(A.three(x), A.four(x), a.five)
            """),
        VerdictCase(
            "foreign decorators named like known ones",
            """
            import app
            @app.cache
            def one(x):
                return x
            @app.property
            def two(x):
                return x
            for x in range(9):  # stays unknown_call
                print(one(x))
            for x in range(9):  # stays unknown_call
                print(two(x))
            """),
        VerdictCase(
            "methods that change their object or class",
            """
            class Counter:
                total = 0
                names = []
                def __init__(self):
                    self.n = 0
                def bump(self):
                    self.n += 1
                def register(self):
                    Counter.total += 1
                def remember(self, x):
                    self.names.append(x)
                def by_class(self):
                    self.__class__.total += 1
                def by_type(self):
                    type(self).total += 1
                @classmethod
                def by_cls(cls):
                    cls.total += 1
                def value(self):
                    return self.n
            c = Counter()
            for x in range(9):  # stays outer_mutation
                c.bump()
            for x in range(9):  # stays outer_mutation
                Counter().register()
            for x in range(9):  # stays outer_mutation
                Counter().remember(x)
            for x in range(9):  # stays outer_mutation
                Counter().by_class()
            for x in range(9):  # stays outer_mutation
                Counter().by_type()
            for x in range(9):  # stays outer_mutation
                Counter().by_cls()
            for x in range(9):  # split
                mine = Counter()
                mine.bump()
                print(mine.value(), c.value())
            """),
        VerdictCase(
            "counting instances",
            """
            class Item:
                made = 0
                def __init__(self, x):
                    Item.made += 1
                    self.x = x
            items = [Item(x) for x in range(3)]  # stays outer_mutation
            """),
        VerdictCase(
            "function attributes",
            """
            def f(x):
                f.calls += 1
                return x
            f.calls = 0
            for x in range(9):  # stays outer_mutation
                print(f(x))
            """),
        VerdictCase(
            "properties",
            """
            log = []
            class Lazy:
                def __init__(self):
                    self._v = None
                @property
                def value(self):
                    if self._v is None:
                        self._v = 5
                    return self._v
                @property
                def loud(self):
                    log.append(1)
                    return 1
            z = Lazy()
            for x in range(9):  # stays outer_mutation
                print(z.value)
            for x in range(9):  # stays outer_mutation
                print(getattr(z, "loud"))
            for x in range(9):  # split
                print(Lazy().value)
            """),
        VerdictCase(
            "operators with effects",
            """
            class Loud:
                def __init__(self, v):
                    self.v = v
                def __lt__(self, other):
                    print("compare")
                    return self.v < other.v
            for x in range(9):  # stays overloaded_operator
                print(x)
            """),
        VerdictCase(
            "operators without effects",
            """
            class V:
                def __init__(self, v):
                    self.v = v
                def __add__(self, other):
                    return V(self.v + other.v)
                def __repr__(self):
                    return f"V({self.v})"
                __radd__ = __add__
            out = []
            for x in range(9):  # split
                out.append(V(x) + V(1))
            """),
        VerdictCase(
            "operators that give back a shared object",
            """
            shared = []
            class V:
                def __add__(self, other):
                    return shared
            for x in range(9):  # stays
                (V() + V()).append(x)
            """),
        VerdictCase(
            "own iteration",
            """
            class Feed:
                def __init__(self):
                    self.n = 0
                def __iter__(self):
                    self.n += 1
                    return iter([1, 2])
            feed = Feed()
            for x in range(9):  # stays outer_mutation
                a, b = feed
            for x in range(9):  # stays outer_mutation
                print(list(feed))
            for x in range(9):  # stays outer_mutation
                print(*feed)
            for x in range(9):  # split
                print(list(Feed()))
            """),
        VerdictCase(
            "callbacks",
            """
            import re
            hits = []
            def hit(m):
                hits.append(m.group())
                return ""
            def plain(m):
                return m.group().upper()
            REPLACEMENT = "-"
            for x in ["a1", "b2"]:  # stays outer_mutation
                print(re.sub("[a-z]", hit, x))
            for x in ["a1", "b2"]:  # split
                print(re.sub("[a-z]", plain, x), re.sub("[a-z]", REPLACEMENT, x))
            for x in ["a1", "b2"]:  # stays outer_mutation
                print(list(map(hits.append, x)))
            for x in ["a1", "b2"]:  # stays
                print(sorted(x, key=hit))
            for x in ["a1", "b2"]:  # split
                print(sorted(x, key=lambda c: -ord(c)), max(x, key=str.lower))
            """),
        VerdictCase(
            "methods hidden by attributes",
            """
            class Task:
                def __init__(self, get):
                    self.get = get
            class Data:
                def __init__(self, items):
                    self.items = items
            log = []
            def loud(k):
                log.append(k)
            for x in range(9):  # stays patched
                Task(loud).get(x)
            d = {1: 2}
            for x in range(9):  # split
                print(d.get(x), list(d.items()))
            """),
        VerdictCase(
            "method replaced on a class",
            """
            class Task:
                def run(self, x):
                    return x
            def loud(self, x):
                print(x)
            Task.run = loud
            t = Task()
            for x in range(9):  # stays patched
                t.run(x)
            """),
        VerdictCase(
            "class from who knows where",
            """
            import other
            class Mine(other.Base):
                def get(self):
                    return 1
            for x in range(9):  # stays unknown_class
                print(Mine())
            """),
        VerdictCase(
            "dataclasses and named tuples",
            """
            from dataclasses import dataclass, field
            from typing import NamedTuple
            from collections import namedtuple
            @dataclass
            class P:
                x: int
                tags: list = field(default_factory=list)
                def double(self):
                    return P(self.x * 2)
            class Q(NamedTuple):
                a: int
                b: int = 0
            R = namedtuple("R", "a b")
            out = []
            for x in range(9):  # split
                p = P(x)
                p.tags.append(x)
                out.append((p.double(), Q(x)))
            """),
        VerdictCase(
            "closures",
            """
            def run(rows, weight):
                def score(row):
                    return row * weight
                best = lambda row: score(row) + 1
                out = []
                for row in rows:  # split
                    out.append(best(row))
                return out
            print(run([1, 2], 3))
            """),
    ]

    private static let names = [
        VerdictCase(
            "builtins shadowed",
            """
            sum = 0
            def len(x):
                print("len")
                return 0
            def print_all(print):
                for x in range(9):  # stays unknown_call
                    print(x)
            for x in range(9):  # split
                sum += x
            """),
        VerdictCase(
            "print that is a function of the script",
            """
            log = []
            def print(x):
                log.append(x)
            for x in range(9):  # stays outer_mutation
                print(x)
            """),
        VerdictCase(
            "function defined twice",
            """
            log = []
            def f(x):
                return x
            for x in range(9):  # stays unknown_call
                print(f(x))
            def f(x):
                log.append(x)
            """),
        VerdictCase(
            "module names that may be others",
            """
            try:
                import fasttime as t
            except ImportError:
                import time as t
            for x in range(9):  # stays unknown_call
                print(t.time())
            """),
        VerdictCase(
            "unknown packages",
            """
            import requests
            session = requests.Session()
            for x in range(9):  # stays unknown_call
                print(requests.get("http://x"))
            for x in range(9):  # stays module_state
                print(requests.__version__)
            """),
        VerdictCase(
            "undefined names",
            """
            for x in range(9):  # stays unknown_name
                print(undefined_thing)
            """),
        VerdictCase(
            "module state",
            """
            import helpers
            from helpers import LIMIT, double
            for x in range(9):  # split
                print(double(x), LIMIT, helpers.LIMIT)
            for x in range(9):  # stays module_state
                print(helpers.counted(x))
            for x in range(9):  # stays module_state
                print(helpers.STARTED)
            """,
            modules: [
                "helpers": """
                import time
                LIMIT = 3
                STARTED = time.time()
                count = 0
                def double(x):
                    return x * LIMIT
                def counted(x):
                    return count
                def bump():
                    global count
                    count += 1
                """
            ]),
        VerdictCase(
            "global hidden by a local",
            """
            size = 3
            def area(x):
                return x * size
            def run():
                size = 5
                for x in range(9):  # stays name_collision
                    print(area(x), size)
            run()
            """),
        VerdictCase(
            "comprehension and lambda scopes",
            """
            x = 5
            out = []
            for y in range(3):  # split
                out.append([x * 2 for x in range(y)])
            print(x)
            """),
    ]

    private static let handles = [
        VerdictCase(
            "next before and inside",
            """
            import csv
            with open("a.csv") as f:
                reader = csv.reader(f)
                header = next(reader)
                for row in reader:  # split
                    print(dict(zip(header, row)))
                for row in reader:  # stays
                    other = next(reader)
                for row in reader:  # stays iterator_shared
                    print(reader.line_num)
                for row in reader:  # stays
                    f.readline()
            """),
        VerdictCase(
            "the file read inside",
            """
            f = open("a.txt")
            for line in f:  # stays
                rest = f.read()
            g = open("b.txt")
            for line in f:  # stays iterator_shared
                print(list(g))
            lines = g.readlines()
            for line in f:  # split
                print(lines[0])
            """),
        VerdictCase(
            "an iterator from outside",
            """
            other = iter([1, 2, 3])
            for x in range(3):  # stays
                print(next(other))
            for x in range(3):  # stays iterator_shared
                for y in other:
                    print(y)
            items = [1, 2, 3]
            for x in range(3):  # split
                print(next(iter(items)))
            """),
        VerdictCase(
            "zip with an iterator",
            """
            it = iter(range(10))
            for a, b in zip(it, it):  # split
                print(a, b)
            for a in it:  # stays iterator_shared
                print(a, list(it))
            """),
        VerdictCase(
            "handle looked at",
            """
            with open("o.txt", "w") as out:
                for x in range(3):  # stays handle
                    out.write("x")
                    print(out.name)
                for x in range(3):  # stays
                    out.write("x")
                    print(out.tell())
                for x in range(3):  # split
                    out.write("x")
            """),
        VerdictCase(
            "handles in containers and objects",
            """
            outs = {"a": open("a.txt", "w")}
            class Log:
                def __init__(self):
                    self.f = open("b.txt", "w")
                def say(self, text):
                    self.f.write(text)
            log = Log()
            for x in range(3):  # stays handle
                outs["a"].write("x")
            for x in range(3):  # stays handle
                log.say("x")
            """),
        VerdictCase(
            "handle passed to a helper",
            """
            def emit(f, x):
                f.write(str(x))
            with open("o.txt", "w") as out:
                for x in range(3):  # split
                    emit(out, x)
            """),
        VerdictCase(
            "standard streams as objects",
            """
            import sys
            out = sys.stdout
            for x in range(3):  # split
                out.write(str(x))
            for x in range(3):  # stays
                print(sys.stdout.encoding)
            for x in range(3):  # stays
                sys.stdout.buffer.write(b"x")
            """),
        VerdictCase(
            "lambdas that call themselves",
            """
            import collections
            log = []
            fact = lambda n: 1 if n < 2 else n * fact(n - 1)
            tree = lambda: collections.defaultdict(tree)
            is_even = lambda n: n == 0 or is_odd(n - 1)
            is_odd = lambda n: n != 0 and is_even(n - 1)
            noisy = lambda n: (log.append(n), quiet(n))[1]
            quiet = lambda n: n and noisy(n - 1)
            print([fact(x) for x in range(9)])  # split
            for x in range(9):  # split
                print(is_even(x))
            print([tree()[x] for x in range(9)])  # split
            print([quiet(x) for x in range(9)])  # stays
            print([noisy(x) for x in range(9)])  # stays
            """),
        VerdictCase(
            "a lambda called in a function before and after it is only made",
            """
            log = []
            def first(x):
                note = lambda y: log.append(y)
                keep = lambda: note(x)
                return note(x)
            def second(x):
                note = lambda y: y + 1
                keep = lambda: note(x)
                return note(x)
            print([first(x) for x in range(9)])  # stays
            print([second(x) for x in range(9)])  # split
            """),
        VerdictCase(
            "lambdas that call the one before twice",
            (0..<40).map { "f\($0) = lambda x: \($0 == 0 ? "x" : "f\($0 - 1)(x) + f\($0 - 1)(x)")" }
                .joined(separator: "\n") + "\nprint([f3(x) for x in range(9)])  # split"),
        VerdictCase(
            "effects in __floor__",
            """
            import math, sys
            log = []
            class Value:
                def __init__(self, v):
                    self.v = v
                def __floor__(self):
                    log.append(self.v)
                    return 1
            held = Value(1)
            for x in range(9):  # stays overloaded_operator
                print(math.floor(held))
            """),
        VerdictCase(
            "no effects in __floor__",
            """
            import math, sys
            class Value:
                def __init__(self, v):
                    self.v = v
                def __floor__(self):
                    return 1
            held = Value(1)
            for x in range(9):  # split
                print(math.floor(held))
            """),
        VerdictCase(
            "effects in __rlshift__",
            """
            import math, sys
            log = []
            class Value:
                def __init__(self, v):
                    self.v = v
                def __rlshift__(self, other):
                    log.append(self.v)
                    return other
            held = Value(1)
            for x in range(9):  # stays overloaded_operator
                print(x << held)
            """),
        VerdictCase(
            "no effects in __rlshift__",
            """
            import math, sys
            class Value:
                def __init__(self, v):
                    self.v = v
                def __rlshift__(self, other):
                    return other
            held = Value(1)
            for x in range(9):  # split
                print(x << held)
            """),
        VerdictCase(
            "effects in __itruediv__",
            """
            import math, sys
            log = []
            class Value:
                def __init__(self, v):
                    self.v = v
                def __itruediv__(self, other):
                    log.append(self.v)
                    return Value(other)
            held = Value(1)
            for x in range(9):  # stays overloaded_operator
                other = Value(x)
                other /= 2
                print(other.v)
            """),
        VerdictCase(
            "no effects in __itruediv__",
            """
            import math, sys
            class Value:
                def __init__(self, v):
                    self.v = v
                def __itruediv__(self, other):
                    return Value(other)
            held = Value(1)
            for x in range(9):  # split
                other = Value(x)
                other /= 2
                print(other.v)
            """),
        VerdictCase(
            "what the factory of a defaultdict reads belongs to the body",
            """
            import collections
            start, other = 5, 6
            def five():
                return start
            def made():
                return collections.defaultdict(five)
            table = made()
            for x in range(9):  # stays accumulator_read
                start += x
                print(table["a"])
            for x in range(9):  # split
                other += x
                print(table["a"])
            """),
    ]
}
