"""How each variable's effects start in a chunk and are put back, in order, in the driver.

The driver makes one *merge* for each variable of a region; its `spec` tells the chunk how to begin and end.
`prepare` may refuse an effect and changes nothing; the function it returns puts the effect in and can't fail.
"""

import array
import collections
import functools
import operator
import sys
from typing import Any, Callable

from _runsurge.guards import Declined, GuardFailed

Json = dict[str, Any]
Apply = Callable[[], None]

# sum() of floats is a plain left fold only before 3.12.
SUM_IS_FOLD = sys.version_info < (3, 12)

OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "Add": operator.add, "Sub": operator.sub, "Mult": operator.mul, "Div": operator.truediv,
    "FloorDiv": operator.floordiv, "Mod": operator.mod, "Pow": operator.pow, "LShift": operator.lshift,
    "RShift": operator.rshift, "BitOr": operator.or_, "BitXor": operator.xor, "BitAnd": operator.and_,
    "MatMult": operator.matmul,
}

# Values for which a chunk may fold on its own: `identity`, and the operator that joins two chunks' results.
IDENTITIES: dict[tuple[type, str], tuple[Any, str]] = {
    (int, "Add"): (0, "Add"), (int, "Sub"): (0, "Add"), (int, "Mult"): (1, "Mult"), (int, "BitOr"): (0, "BitOr"),
    (int, "BitXor"): (0, "BitXor"), (int, "BitAnd"): (-1, "BitAnd"), (bool, "BitOr"): (False, "BitOr"),
    (bool, "BitXor"): (False, "BitXor"), (bool, "BitAnd"): (True, "BitAnd"), (str, "Add"): ("", "Add"),
    (bytes, "Add"): (b"", "Add"), (tuple, "Add"): ((), "Add"),
}

FOLDED = ("builtins.int", "builtins.float", "builtins.bool", "builtins.complex", "builtins.str", "builtins.bytes",
          "builtins.tuple", "decimal.Decimal", "fractions.Fraction", "datetime.timedelta", "datetime.datetime",
          "datetime.date")


def fold(name: str, values: list[Any], start: Any) -> Any:
    """The left fold that the native loop would do."""
    if name == "Add" and SUM_IS_FOLD and type(start) in (int, float):
        return sum(values, start)
    return functools.reduce(OPERATORS[name], values, start)


def packed(values: list[Any]) -> Any:
    """Floats without their objects."""
    if values and set(map(type, values)) == {float}:
        return array.array("d", values).tobytes()
    return values


def unpacked(values: Any) -> list[Any]:
    if type(values) is bytes:
        floats = array.array("d")
        floats.frombytes(values)
        return floats.tolist()
    return values


class Merge:
    """One variable of a region in the driver."""

    # Whether the variable itself is assigned, not only changed.
    assigns = False
    # Whether a chunk may send every value instead of a part, and whether it must.
    is_loggable = False
    is_logged = False

    def __init__(self, entry: Json, value: Any) -> None:
        self.name: str = entry["name"]
        self.value = value

    @property
    def spec(self) -> tuple:
        raise NotImplementedError

    def prepare(self, effect: Any) -> Apply:
        raise NotImplementedError


class ListMerge(Merge):
    def __init__(self, entry: Json, value: Any) -> None:
        super().__init__(entry, value)
        if type(value) is not list:
            raise Declined(f"{self.name} is a {type(value).__name__}, not a list", self.name)

    @property
    def spec(self) -> tuple:
        return ("list",)

    def prepare(self, effect: list[Any]) -> Apply:
        return functools.partial(self.value.extend, effect)


class FoldMerge(Merge):
    assigns = True
    is_loggable = True

    def __init__(self, entry: Json, value: Any, operations: set[str]) -> None:
        super().__init__(entry, value)
        kind = type(value)
        if f"{kind.__module__}.{kind.__qualname__}" not in FOLDED:
            raise Declined(f"{self.name} is a {kind.__name__}", self.name)
        self.identity: Any = None
        joins = {IDENTITIES.get((kind, name)) for name in operations}
        self.join = ""
        if len(joins) == 1 and None not in joins:
            self.identity, self.join = joins.pop()  # type: ignore[misc]
        self.single = next(iter(operations)) if len(entry["sites"]) == 1 else ""
        self.is_logged = not self.join

    @property
    def spec(self) -> tuple:
        return ("fold", self.identity)

    def prepare(self, effect: tuple) -> Apply:
        form, content = effect
        value = self.value
        if form == "part":
            if type(value) is not type(content):
                raise GuardFailed(f"{self.name} is no longer a {type(content).__name__}", self.name)
            value = OPERATORS[self.join](value, content)
        elif self.single:
            value = fold(self.single, unpacked(content), value)
        else:
            for name, item in content:
                value = OPERATORS[name.lstrip("i")](value, item)
        return functools.partial(setattr, self, "value", value)


class KeyedMerge(Merge):
    """`d[k] += v` and its relatives."""

    def __init__(self, entry: Json, value: Any) -> None:
        super().__init__(entry, value)
        kind = type(value)
        if kind not in (dict, collections.defaultdict, collections.Counter, collections.OrderedDict):
            raise Declined(f"{self.name} is a {kind.__name__}", self.name)
        self.operation = entry["op"]
        forms = {site["form"] for site in entry["sites"]}
        self.is_branch = "branch" in forms
        self.is_loggable = "update" not in forms
        if self.is_branch and forms != {"branch"}:
            raise Declined(f"{self.name} is counted in ways that have no common merge", self.name)
        self.is_strict = "aug" in forms and kind in (dict, collections.OrderedDict)
        self.zero = entry["zero"]
        if entry.get("zero_type") == "float":
            self.zero = float(self.zero)
        if kind is collections.defaultdict and forms <= {"aug"}:
            self.zero = made_by(value.default_factory, self.name)
        elif kind is collections.defaultdict and "aug" in forms:
            if type(made_by(value.default_factory, self.name)) is not type(self.zero) or \
                    made_by(value.default_factory, self.name) != self.zero:
                raise Declined(f"{self.name} begins with different values", self.name)
        elif kind is collections.Counter and ("aug" in forms or "update" in forms):
            if type(self.zero) is not int or self.zero != 0:
                raise Declined(f"{self.name} begins with different values", self.name)
        if type(self.zero) not in (int, float):
            raise Declined(f"{self.name} counts something else than numbers", self.name)
        self.is_logged = type(self.zero) is float and not self.is_branch and self.is_loggable

    @property
    def spec(self) -> tuple:
        shape = "counter" if type(self.value) is collections.Counter else \
            "default" if type(self.value) is collections.defaultdict else "strict" if self.is_strict else "dict"
        return ("keyed", shape, self.zero)

    def start(self, key: Any, needs: Any) -> Any:
        """What a key begins with that is new to the driver's dict."""
        if key in needs:
            raise GuardFailed(f"{self.name} has no such key yet", self.name)
        return self.zero

    def prepare(self, effect: tuple) -> Apply:
        form, content, needs = effect
        new = {}
        held = self.value
        if form == "part":
            zero = self.zero
            for key, part in content.items():
                if key in held:
                    old = held[key]
                    if type(old) is not int and type(old) is not bool:
                        raise GuardFailed(f"{self.name} holds a {type(old).__name__}", self.name)
                    new[key] = old + part if self.is_branch else old + (part - zero)
                else:
                    if key in needs:
                        raise GuardFailed(f"{self.name} has no such key yet", self.name)
                    new[key] = part
        else:
            for key, values in keyed_values(content):
                if key in held:
                    old = held[key]
                elif self.is_branch and values:
                    old, values = values[0], values[1:]
                else:
                    old = self.start(key, needs)
                new[key] = fold(self.operation, values, old)
        return functools.partial(dict.update, held, new) if type(held) is not collections.OrderedDict \
            else functools.partial(held.update, new)


def keyed_values(content: Any) -> Any:
    """Keys with their logged values."""
    if type(content) is dict:
        yield from content.items()
        return
    keys, counts, packed_values = content
    values = unpacked(packed_values)
    position = 0
    for key, count in zip(keys, counts):
        yield key, values[position:position + count]
        position += count


def made_by(factory: Any, name: str) -> Any:
    """What a defaultdict puts in for a missing key; only when it is the same every time."""
    if factory in (int, float, list, set):
        return factory()
    code = getattr(factory, "__code__", None)
    if getattr(factory, "__name__", "") == "<lambda>" and code is not None and not code.co_names \
            and not code.co_freevars:
        return factory()
    raise Declined(f"what {name} holds for a missing key is not known", name)


class OverwriteMerge(Merge):
    """`d[k] = v`; for a list, `a[i] = v`."""

    def __init__(self, entry: Json, value: Any) -> None:
        super().__init__(entry, value)
        if type(value) not in (dict, collections.defaultdict, collections.OrderedDict, collections.Counter, list):
            raise Declined(f"{self.name} is a {type(value).__name__}", self.name)

    @property
    def spec(self) -> tuple:
        return ("places", len(self.value)) if type(self.value) is list else ("overwrite",)

    def prepare(self, effect: dict[Any, Any]) -> Apply:
        held = self.value
        if type(held) is list:
            def put() -> None:
                for index, value in effect.items():
                    held[index] = value
            return put
        if type(held) is collections.OrderedDict:
            return functools.partial(held.update, effect)
        return functools.partial(dict.update, held, effect)


class KeyedAppendMerge(Merge):
    """Lists or sets in a dict."""

    def __init__(self, entry: Json, value: Any) -> None:
        super().__init__(entry, value)
        self.inner = set if entry["inner"] == "set" else list
        if type(value) not in (dict, collections.defaultdict, collections.OrderedDict):
            raise Declined(f"{self.name} is a {type(value).__name__}", self.name)
        if type(value) is collections.defaultdict and value.default_factory is not self.inner:
            raise Declined(f"{self.name} does not make {self.inner.__name__}s", self.name)

    @property
    def spec(self) -> tuple:
        return ("groups", self.inner is set, type(self.value) is collections.defaultdict)

    def prepare(self, effect: tuple) -> Apply:
        content, needs = effect
        held = self.value
        for key in content:
            if key in held:
                if type(held[key]) is not self.inner:
                    raise GuardFailed(f"{self.name} holds a {type(held[key]).__name__}", self.name)
            elif key in needs:
                raise GuardFailed(f"{self.name} has no such key yet", self.name)

        def put() -> None:
            for key, values in content.items():
                if self.inner is set:
                    if key not in held:
                        held[key] = set()
                    held[key].update(values)
                elif key in held:
                    held[key].extend(values)
                else:
                    held[key] = values
        return put


class SetMerge(Merge):
    def __init__(self, entry: Json, value: Any) -> None:
        super().__init__(entry, value)
        if type(value) is not set:
            raise Declined(f"{self.name} is a {type(value).__name__}, not a set", self.name)

    @property
    def spec(self) -> tuple:
        return ("set",)

    def prepare(self, effect: list[Any]) -> Apply:
        # From a list, update adds one by one: the table grows as it would have.
        return functools.partial(self.value.update, effect)


# MARK: in a chunk

class InsertionLog(dict):
    """Stands for a set: keeps the order of first insertions."""

    add = dict.setdefault

    def update(self, *others: Any) -> None:  # type: ignore[override]
        for other in others:
            if type(other) in (set, frozenset, dict) or isinstance(other, InsertionLog):
                # From one of these a set grows in another way than one by one.
                raise GuardFailed("a set is updated from another one")
            for value in other:
                self.setdefault(value)


class StrictDict(dict):
    """A dict whose missing keys have to be in the driver's; `zero` is what they count as here."""

    def __init__(self, zero: Any) -> None:
        super().__init__()
        self.zero = zero
        self.needs: dict[Any, None] = {}

    def __missing__(self, key: Any) -> Any:
        self.needs[key] = None
        return self.zero


class StrictGroups(dict):
    """A dict of containers whose missing keys have to be in the driver's."""

    def __init__(self, inner: Any) -> None:
        super().__init__()
        self.inner = inner
        self.needs: dict[Any, None] = {}

    def __missing__(self, key: Any) -> Any:
        self.needs[key] = None
        made = self[key] = self.inner()
        return made


class ValueLog(dict):
    """Lists of values by key; strict when `d[k] += v` needs the key to be there."""

    def __init__(self, is_strict: bool) -> None:
        super().__init__()
        self.is_strict = is_strict
        self.needs: dict[Any, None] = {}

    def __missing__(self, key: Any) -> list[Any]:
        if self.is_strict:
            self.needs[key] = None
        made: list[Any] = []
        self[key] = made
        return made


def begin(spec: tuple, is_logged: bool) -> Any:
    """What a variable starts as in a chunk."""
    kind = spec[0]
    if kind == "list":
        return []
    if kind == "fold":
        return [] if is_logged else spec[1]
    if kind == "keyed":
        shape = spec[1]
        if is_logged:
            return ValueLog(shape == "strict")
        if shape == "counter":
            return collections.Counter()
        if shape == "default":
            return collections.defaultdict(functools.partial(int, spec[2]))
        return StrictDict(spec[2]) if shape == "strict" else {}
    if kind in ("overwrite", "places"):
        return {}
    if kind == "groups":
        inner = InsertionLog if spec[1] else list
        return collections.defaultdict(inner) if spec[2] else StrictGroups(inner)
    if kind == "set":
        return InsertionLog()
    raise ValueError(kind)


class NotMergeable(Exception):
    """The chunk has to run again with a log for this variable."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def end(name: str, spec: tuple, is_logged: bool, held: Any, out: dict[str, Any]) -> Any:
    """The effect of a chunk on a variable. Takes fold results from `out`."""
    kind = spec[0]
    if kind == "list":
        return held
    if kind == "fold":
        if is_logged:
            return ("log", packed(held))
        result = out.pop(name)
        if type(result) is not type(spec[1]):
            raise NotMergeable(name)
        return ("part", result)
    if kind == "keyed":
        needs = tuple(getattr(held, "needs", ()))
        check_keys(held)
        if is_logged:
            return ("log", packed_log(held), needs)
        kinds = set(map(type, held.values()))
        if not kinds <= {int, bool}:
            raise NotMergeable(name)
        return ("part", dict(held), needs)
    if kind == "overwrite":
        check_keys(held)
        return dict(held)
    if kind == "places":
        for index in held:
            if type(index) is not int or not 0 <= index < spec[1]:
                raise GuardFailed(f"{name} is assigned outside of its first places", name)
        return held
    if kind == "groups":
        check_keys(held)
        needs = tuple(getattr(held, "needs", ()))
        content = {key: list(values) if spec[1] else values for key, values in held.items()}
        return (content, needs)
    if kind == "set":
        check_keys(held)
        return list(held)
    raise ValueError(kind)


def check_keys(keys: Any) -> None:
    """NaN is a key by its identity, which another process can't know."""
    for key in keys:
        kind = type(key)
        if kind is str or kind is int:
            continue
        if key != key or (kind is tuple and any(part != part for part in key)):
            raise GuardFailed("a key is not a number")


def check_elements(elements: list[Any], are_pairs: bool) -> None:
    """The same for what will become the keys of a set or dict."""
    check_keys([pair[0] for pair in elements] if are_pairs else elements)


def packed_log(log: dict[Any, list[Any]]) -> Any:
    """A log by key; floats without their objects."""
    flat: list[Any] = []
    for values in log.values():
        flat += values
    if flat and set(map(type, flat)) == {float}:
        return (list(log), list(map(len, log.values())), packed(flat))
    return dict(log)
