"""Runs the aggregator of a group over the output archives of its jobs.

A job's script: its arguments are the aggregator's path, the folder of the archives, called by the numbers of their
jobs, and for an aggregator of three parts the lines where its second and its third begin. What the aggregator gives
goes to the working directory.
"""

import ast
import functools
import os
import sys
import traceback
import types
import zipfile
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any, NoReturn, Optional

# Archives that are open at once; an output may be read later than the next archive's first one is given.
OPEN_ARCHIVES = 8
FIELDS = ("job_counter", "zip_path", "file_path", "folder_name", "file_name", "file_name_without_ext",
          "file_extension", "file_bytes")


@functools.lru_cache(OPEN_ARCHIVES)
def opened(path: str) -> zipfile.ZipFile:
    return zipfile.ZipFile(path)


class Output:
    """One file that one job of the group made. Its bytes are read when they are asked for."""

    def __init__(self, job_counter: int, zip_path: str, file_path: str) -> None:
        self.job_counter = job_counter
        self.zip_path = zip_path
        self.file_path = file_path
        self.folder_name, self.file_name = os.path.split(file_path)
        self.file_name_without_ext, self.file_extension = os.path.splitext(self.file_name)

    @property
    def file_bytes(self) -> bytes:
        return opened(self.zip_path).read(self.file_path)

    def __repr__(self) -> str:
        return f"<file {self.file_path!r} of job {self.job_counter}>"


def outputs(folder: str) -> Iterator[Output]:
    """In the order of the jobs, each job's files in their archive's order."""
    for number in sorted(int(name.removesuffix(".zip")) for name in os.listdir(folder)):
        path = f"{folder}/{number}.zip"
        for info in opened(path).infolist():
            if not info.is_dir():
                yield Output(number, path, info.filename)


class Target:
    """The working directory, as far as an aggregator's files go there."""

    def __init__(self) -> None:
        self.folder = os.getcwd()
        self.written: set[str] = set()

    def write(self, path: object, data: object) -> None:
        if not isinstance(path, str):
            raise TypeError(f"the path of an output file is a str, not {type(path).__name__}")
        if isinstance(data, str):
            data = data.encode()
        if not isinstance(data, (bytes, bytearray, memoryview)):
            raise TypeError(f"the bytes of the output file {path!r} are {type(data).__name__}")
        parts = path.split("/")
        if path.startswith("/") or "\0" in path or not {"", ".", ".."}.isdisjoint(parts):
            raise ValueError(f"{path!r} is no plain relative path for an output file")
        if path in self.written:
            raise ValueError(f"there are two output files {path!r}; each needs a path of its own")
        self.written.add(path)
        place = PurePosixPath(self.folder, path)
        os.makedirs(place.parent, exist_ok=True)
        with open(place, "wb") as file:
            file.write(data)

    def take(self, namespace: dict[str, Any], variable: str) -> None:
        """Writes the file that the aggregator has put in `variable`, if any."""
        value = namespace.get(variable)
        namespace[variable] = None
        if value is None:
            return
        if not isinstance(value, dict) or not {"file_path", "file_bytes"} <= value.keys():
            raise TypeError(f'{variable} is no dict with "file_path" and "file_bytes"')
        self.write(value["file_path"], value["file_bytes"])


def steps(namespace: dict[str, Any], target: Target, folder: str) -> Iterator[None]:
    """One for each file, with the names set that the second part reads."""
    for output in outputs(folder):
        namespace.update({name: getattr(output, name) for name in FIELDS}, iteration_file=None)
        yield None
        target.take(namespace, "iteration_file")


def loop(tree: ast.Module, second: int, third: int) -> None:
    """Puts the statements from line `second` until line `third` in a loop, so that they may `continue` and `break`."""
    first = [statement for statement in tree.body if statement.lineno < second]
    body = [statement for statement in tree.body if second < statement.lineno < third]
    last = [statement for statement in tree.body if statement.lineno > third]
    place: dict[str, Any] = {"lineno": second, "col_offset": 0, "end_lineno": second, "end_col_offset": 0}
    tree.body = first + [
        ast.For(ast.Name("__step__", ast.Store(), **place), ast.Name("__steps__", ast.Load(), **place),
                body or [ast.Pass(**place)], [], **place),
        # After a `break`, what the last step set is still to be taken.
        ast.Expr(ast.Call(ast.Name("__finish__", ast.Load(), **place), [], [], **place), **place),
    ] + last


def run(path: str, folder: str, lines: list[int]) -> None:
    with open(path, "rb") as file:
        source = file.read()
    main = types.ModuleType("__main__")
    namespace = vars(main)
    namespace["__file__"] = path
    target = Target()
    tree = compile(source, path, "exec", ast.PyCF_ONLY_AST, dont_inherit=True)
    assert isinstance(tree, ast.Module)
    if lines:
        loop(tree, *lines)
        namespace.update(job_counter=0, iteration_file=None, final_file=None, __steps__=steps(namespace, target, folder),
                         __finish__=lambda: target.take(namespace, "iteration_file"))
    sys.modules["__main__"] = main
    sys.argv = [path]
    sys.path[0] = os.path.dirname(path)
    leaving: Optional[SystemExit] = None
    try:
        exec(compile(tree, path, "exec", dont_inherit=True), namespace)
    except SystemExit as exit:
        if exit.code:
            raise
        leaving = exit
    if lines:
        target.take(namespace, "final_file")
    elif leaving is None:
        for pair in aggregated(namespace["aggregate"](outputs(folder))):
            if not isinstance(pair, tuple) or len(pair) != 2:
                raise TypeError("aggregate() is to yield pairs of a path and bytes")
            target.write(*pair)


def aggregated(value: Any) -> Iterator[Any]:
    try:
        return iter(value)
    except TypeError as error:
        raise TypeError(f"aggregate() gave {type(value).__name__}; it is to yield pairs of a path and bytes") from error


def fail(error: BaseException) -> NoReturn:
    """Shows the error as Python would if the aggregator were the script."""
    shown = traceback.TracebackException.from_exception(error)
    hide_own_frames(shown)
    print("".join(shown.format()), end="", file=sys.stderr)
    sys.exit(1)


def hide_own_frames(shown: traceback.TracebackException) -> None:
    own = fail.__code__.co_filename
    shown.stack[:] = [frame for frame in shown.stack if frame.filename != own]
    for inner in (shown.__cause__, shown.__context__):
        if inner:
            hide_own_frames(inner)


if __name__ == "__main__":
    try:
        run(sys.argv[1], sys.argv[2], [int(line) for line in sys.argv[3:]])
    except Exception as error:
        fail(error)
