"""What may cross from one process to another, and the ways to say that something may not."""

import re
import sys
from typing import Optional


class Declined(Exception):
    """A region can't be handed over; it runs natively. The message is for the report."""

    def __init__(self, reason: str, variable: Optional[str] = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.variable = variable


class GuardFailed(BaseException):
    """Something that the analysis had assumed does not hold in a chunk. No `except Exception` of a script sees it."""

    # The last one made: a body with a bare `except` may have swallowed it.
    last: "Optional[GuardFailed]" = None

    def __init__(self, reason: str, variable: Optional[str] = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.variable = variable
        GuardFailed.last = self


# A script that looks at these may learn how it was run.
REVEALING = re.compile(
    rb"\b(getsizeof|tracemalloc|getrefcount|_getframe|currentframe|f_locals|settrace|setprofile|get_referrers"
    rb"|get_referents|get_objects|_exit|cache_info|cache_clear|newlines|stacklevel"
    rb"|RecursionError|MemoryError)\b"
    rb"|(?<![\w.])(locals|vars)\(\)")


def revealing(source: bytes) -> Optional[str]:
    """Something in the script's text that keeps all of it from being split."""
    found = REVEALING.search(source)
    return found.group().decode() if found else None


# A script with one of these may have another process write where it writes, or end without flushing.
SPAWNING = re.compile(
    rb"\b(subprocess|multiprocessing|concurrent|asyncio|pty|ctypes|importlib|__import__|fileno|buffer|system|abort"
    rb"|_exit|popen\w*|fork\w*|spawn\w*|posix_spawn\w*|exec[lv]\w*|kill\w*|raise_signal)\b")


def may_spawn(source: bytes) -> bool:
    """Whether it may show when the standard streams are flushed, as far as the script's own text can tell."""
    return SPAWNING.search(source) is not None


ATOMS = frozenset({type(None), bool, int, float, complex, str, bytes, type(Ellipsis), type(NotImplemented)})

# Types whose objects are known in the chunk as they are in the driver, by module and name: nothing is imported
# for their sake.
VALUES = frozenset({
    "builtins.bytearray", "builtins.slice", "builtins.range", "builtins.complex",
    "datetime.date", "datetime.datetime", "datetime.time", "datetime.timedelta", "datetime.timezone",
    "decimal.Decimal", "fractions.Fraction", "re.Pattern", "collections.Counter", "collections.defaultdict",
    "collections.deque", "collections.OrderedDict", "pathlib.PosixPath", "pathlib.PurePosixPath", "pathlib.Path",
    "pathlib._local.PosixPath", "pathlib._local.PurePosixPath",
    "uuid.UUID", "zoneinfo.ZoneInfo", "operator.itemgetter", "operator.attrgetter", "functools.partial",
    "array.array", "types.SimpleNamespace", "ipaddress.IPv4Address", "ipaddress.IPv6Address",
    "ipaddress.IPv4Network", "ipaddress.IPv6Network", "string.Template", "enum.auto",
})


def is_value(kind: type) -> bool:
    """Whether objects of exactly this type are plain values of the standard library."""
    return f"{kind.__module__}.{kind.__qualname__}" in VALUES


def own_folder() -> str:
    """The folder of the script's own modules."""
    return sys.path[0]


def is_own_module(name: str) -> bool:
    """Whether a module lies beside the script."""
    if name == "__main__":
        return True
    module = sys.modules.get(name)
    path = getattr(module, "__file__", None)
    return bool(path) and path.startswith(own_folder().rstrip("/") + "/")


def is_plain_class(kind: type) -> bool:
    """Whether a class consists of nothing but the script's own classes and a few harmless bases."""
    for base in kind.__mro__:
        module = base.__module__
        if is_own_module(module):
            continue
        name = f"{module}.{base.__qualname__}"
        if base is object or base is tuple or issubclass(base, BaseException) or module in ("enum", "abc") \
                or name in ("typing.Generic", "typing.Protocol", "builtins.int", "builtins.str"):
            continue
        return False
    return True
