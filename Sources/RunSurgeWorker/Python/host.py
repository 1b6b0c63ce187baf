"""What two hosts must have in common, lest a chunk computes other values than its driver would."""

import functools
import os
import re
import sys
import time
from typing import Any

# With these, and without, functions of floats differ in the last digit: those of the C library, and of numpy.
FEATURES = (b"fma", b"fma4", b"avx2", b"avx512f")
# What calls them in the standard library, and the operator that does.
COMPUTING = re.compile(rb"\b(math|cmath|statistics|random|pow|colorsys|fractions|decimal|turtle|__pow__)\b|\*\*")


class Unlike(Exception):
    """A chunk would not be computed here as where its driver is: others may take it."""


@functools.lru_cache(maxsize=None)
def identity(has_floats: bool) -> tuple[Any, ...]:
    """The interpreter, the C library and, with functions of floats, what of the processor decides about results."""
    return (sys.version, sys.implementation.name, sys.byteorder, os.uname().machine, library(),
            features() if has_floats else (), sys.getfilesystemencoding(), sys.flags.utf8_mode)


def may_compute(source: bytes, imports: list[str]) -> bool:
    """Whether functions of floats may be called by a script or by what it imports."""
    standard = getattr(sys, "stdlib_module_names", frozenset())
    return COMPUTING.search(source) is not None or any(name.split(".")[0] not in standard for name in imports)


def library() -> str:
    """The C library's name and version, where it says so."""
    try:
        return os.confstr("CS_GNU_LIBC_VERSION") or ""
    except (ValueError, OSError):
        return ""


def features() -> tuple[bytes, ...]:
    """Those of the first processor; the others of a host are like it."""
    try:
        with open("/proc/cpuinfo", "rb", buffering=0) as file:
            # The file is made as it is read: no more of it than is looked at.
            words = file.read(4096).split(b"\n\n")[0].split()
    except OSError:
        return ()
    return tuple(sorted(set(words).intersection(FEATURES)))


def clock() -> tuple[Any, ...]:
    """The time zone."""
    return time.tzname, time.timezone, time.altzone, time.daylight


def versions() -> dict[str, str]:
    """Of the modules loaded here beyond the standard library that say theirs."""
    found = {}
    standard = getattr(sys, "stdlib_module_names", frozenset())
    for name, module in sorted(sys.modules.items()):
        if name in standard or "." in name:
            continue
        version = getattr(module, "__dict__", {}).get("__version__")
        if type(version) is str:
            found[name] = version
    return found


def moved(path: list[str], theirs: tuple[str, str]) -> list[str]:
    """The folders of another host's `sys.path`, where this interpreter has them."""
    places = [(place, own) for place, own in zip(theirs, (sys.prefix, sys.base_prefix)) if place != own]
    result = []
    for entry in path:
        for place, own in places:
            if entry == place or entry.startswith(place + "/"):
                entry = own + entry[len(place):]
                break
        result.append(entry)
    return result
