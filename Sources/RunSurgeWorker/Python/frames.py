"""The frames below the script's own, which natively are not there, kept out of what the script sees of the stack."""

import re
import sys
from types import CodeType
from typing import Any, Iterator

# The bootstrap and its exec.
DEPTH = 2 if sys.version_info < (3, 12) else 1

# What shows frames through `traceback`; importing that takes longer than most scripts' own start.
SHOWN = re.compile(rb"print_stack|format_stack|extract_stack|walk_stack|stack_info|StackSummary")


def hide(source: bytes) -> None:
    """Hides them from a script, in the ways that its text may need."""
    hide_depth(source)
    if SHOWN.search(source):
        hide_from_traceback()
    if b"inspect" in source:
        hide_from_inspect()


def hide_depth(source: bytes) -> None:
    """Gives the script the recursion depth it would have, and the number it would read."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(limit + DEPTH)
    if b"recursionlimit" not in source:
        # A bound C method: cheap, and without a frame.
        sys.getrecursionlimit = limit.__int__  # type: ignore[assignment]
        return
    real_get, real_set = sys.getrecursionlimit, sys.setrecursionlimit
    sys.getrecursionlimit = lambda: real_get() - DEPTH
    sys.setrecursionlimit = lambda value: real_set(value + DEPTH)


def bottom() -> CodeType:
    """The code of the bootstrap, whose frame is the lowest of all."""
    frame: Any = sys._getframe()
    while frame.f_back is not None:
        frame = frame.f_back
    return frame.f_code


def hide_from_traceback() -> None:
    """print_stack and its relatives, and the stacks that logging shows."""
    import traceback
    lowest, real = bottom(), traceback.walk_stack

    def walk_stack(f: Any) -> Iterator[Any]:
        # Without a frame to begin at, the real one counts the frames of its callers.
        return real(f) if f is None else (each for each in real(f) if each[0].f_code is not lowest)

    traceback.walk_stack = walk_stack


def hide_from_inspect() -> None:
    """inspect.stack and inspect.getouterframes."""
    import inspect
    lowest, real = bottom(), inspect.getouterframes

    def getouterframes(frame: Any, context: int = 1) -> list[Any]:
        return [each for each in real(frame, context) if each.frame.f_code is not lowest]

    inspect.getouterframes = getouterframes
