"""What a harness process does first, and last."""

import atexit
import gc
import json
import os
import sys
import time
from typing import Any, Callable, Optional

from _runsurge import frames
from _runsurge.pipe import Json, Pipe

run: Any = None


def main(installed: Callable[[], None]) -> tuple[Any, dict[str, Any]]:
    """Reads the role; gives the code of the script and the namespace to run it in.

    `installed` is called when all modules of the harness are there.
    """
    pipe = Pipe()
    head, body = pipe.read()
    while head.get("role") == "spare":
        from _runsurge import chunk, driver  # noqa: F401
        # What there is so far is looked through now, while nobody waits for it.
        gc.collect()
        gc.freeze()
        head, body = pipe.read()
    os.environ.update(head.get("environment") or {})
    if "TZ" in os.environ and hasattr(time, "tzset"):
        time.tzset()
    os.chdir(head["directory"])
    script = head["script"] = typed(head)
    sys.argv[:] = [head.get("argv0") or shown(script, head["directory"]), *head["arguments"]]
    sys.path[0] = os.path.dirname(os.path.realpath(script))
    if hasattr(sys, "orig_argv"):
        sys.orig_argv[:] = [sys.executable, *sys.argv]
    if head["role"] == "chunk":
        from _runsurge.chunk import Process
        from _runsurge.room import Room
        installed()
        Process(pipe, Room(int(head.get("memory") or 0), head.get("progress"))).serve()
    from _runsurge import driver  # noqa: F401
    installed()
    return drive(head, json.loads(body), pipe)


def typed(head: Json) -> str:
    """The script's absolute path as the interpreter makes it: what was typed behind the folder, nothing resolved."""
    path = os.path.join(head["directory"], head.get("argv0") or head["script"])
    try:
        return path if os.path.samefile(path, head["script"]) else head["script"]
    except OSError:
        return head["script"]


def shown(script: str, directory: str) -> str:
    """How the script is most likely named on a command line in its folder."""
    prefix = directory.rstrip("/") + "/"
    return script[len(prefix):] if script.startswith(prefix) else script


def drive(head: Json, plan: Json, pipe: Pipe) -> tuple[Any, dict[str, Any]]:
    """Prepares `__main__` as the interpreter would for a script file."""
    global run
    from importlib.machinery import SourceFileLoader

    from _runsurge.driver import Run
    script = head["script"]
    namespace = sys.modules["__main__"].__dict__
    annotations = namespace.get("__annotations__")
    builtins = namespace["__builtins__"]
    namespace.clear()
    namespace.update(__name__="__main__", __doc__=None, __package__=None,
                     __loader__=SourceFileLoader("__main__", script), __spec__=None)
    if annotations is not None:
        namespace["__annotations__"] = annotations
    namespace.update(__builtins__=builtins, __file__=script, __cached__=None)
    run = Run(head, plan, pipe, namespace)
    process = os.getpid()
    atexit.register(end, process)
    try:
        with open(script, "rb") as file:
            source = file.read()
        code = run.code(source)
    except Exception:
        as_python(script)
        raise
    frames.hide(source)
    gc.collect()
    gc.freeze()
    return code, namespace


def end(process: int) -> None:
    """After the script and all that it registered: the last frame, unless this is a child of the script's."""
    global run
    if os.getpid() == process:
        run.finished()
    run = None


def as_python(script: str) -> None:
    """Lets the interpreter itself say what is wrong with a script that can't be compiled."""
    run.finished()
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(sys.executable, [sys.executable, sys.argv[0], *sys.argv[1:]])


def leave() -> None:
    """The script ends by an exception: takes the harness's frames out of what is shown of it."""
    kind, error, trace = sys.exc_info()
    if run is None or kind is None or error is None or kind is SystemExit:
        return
    while trace is not None and trace.tb_frame.f_code.co_filename != run.path:
        trace = trace.tb_next
    hook = sys.excepthook
    note_missing(error)

    def show(shown_kind: Any, shown: Any, _: Any) -> None:
        sys.excepthook = hook
        shown = shown.with_traceback(trace)
        sys.last_traceback = trace
        try:
            hook(shown_kind, shown, trace)
        except SystemExit:
            raise
        except BaseException as second:
            show_failing_hook(second, shown)

    sys.excepthook = show


def show_failing_hook(second: BaseException, first: BaseException) -> None:
    """As the interpreter does when the hook itself fails."""
    trace = second.__traceback__
    second = second.with_traceback(trace.tb_next if trace else None)
    second.__context__ = None
    sys.stderr.write("Error in sys.excepthook:\n")
    sys.__excepthook__(type(second), second, second.__traceback__)
    sys.stderr.write("\nOriginal exception was:\n")
    sys.__excepthook__(type(first), first, first.__traceback__)


def note_missing(error: BaseException) -> None:
    """A file that was not found may only have been left at home."""
    name: Optional[Any] = getattr(error, "filename", None)
    if isinstance(error, FileNotFoundError) and isinstance(name, (str, bytes)):
        run.missing.append(os.fsdecode(name))
