"""Exports Python syntax trees as bounded JSON.

Reads frames ``{"script": {"path", "source_b64"}, "modules": [{"name", "path", "source_b64"}]}`` on standard
input and answers each with a frame ``{"python", "files": [{"path", "module", "error", "tree"}]}``; a frame has four
bytes of length, least significant first, before its text. CPython's own parser and compiler judge the source, so an
error here is exactly the error that ``python3 SCRIPT`` would print.
"""

import ast
import base64
import gc
import json
import os
import sys
import warnings
from typing import Any, Optional

MAX_SOURCE_BYTES = 5 * 1024 * 1024
MAX_NODES = 200_000
MAX_DEPTH = 200
MAX_TEXT = 4096
MAX_MODULES = 256

Json = dict[str, Any]


class BoundExceeded(Exception):
    """The tree is larger or deeper than the analyser takes."""


def number(tree: ast.AST) -> int:
    """Gives every node its pre-order index; the harness uses this very walk."""
    index = 0
    stack: list[ast.AST] = [tree]
    while stack:
        node = stack.pop()
        node._rs_index = index  # type: ignore[attr-defined]
        index += 1
        if index > MAX_NODES:
            raise BoundExceeded(f"more than {MAX_NODES} syntax nodes")
        stack.extend(reversed(list(ast.iter_child_nodes(node))))
    return index


def is_text(value: str) -> bool:
    """Lone surrogates have no UTF-8 form and would not survive the JSON."""
    return not any("\ud800" <= character <= "\udfff" for character in value)


def constant(value: object) -> Json:
    """A constant with its exact type; long ones are cut, since only their kind matters."""
    if value is None or value is Ellipsis or isinstance(value, bool):
        return {"t": repr(value)}
    if isinstance(value, str):
        if not is_text(value):
            return {"t": "str", "v": "", "cut": True}
        return {"t": "str", "v": value} if len(value) <= MAX_TEXT else {"t": "str", "v": value[:MAX_TEXT], "cut": True}
    if isinstance(value, bytes):
        return {"t": "bytes"}
    if isinstance(value, int):
        return {"t": "int", "v": str(value)} if value.bit_length() <= 4096 else {"t": "int", "v": "", "cut": True}
    if isinstance(value, float):
        return {"t": "float", "v": repr(value)}
    return {"t": type(value).__name__}


UNWANTED = frozenset({"ctx", "kind", "type_comment", "type_ignores"})
SINGLETONS = (ast.operator, ast.unaryop, ast.boolop, ast.cmpop, ast.expr_context)


def encode(value: object, depth: int) -> Any:
    """One field of a node."""
    if isinstance(value, SINGLETONS):
        return type(value).__name__
    if isinstance(value, ast.AST):
        return encode_node(value, depth + 1)
    if isinstance(value, list):
        return [encode(item, depth) for item in value]
    return value


def encode_node(node: ast.AST, depth: int) -> Json:
    """One node with position and fields."""
    if depth > MAX_DEPTH:
        raise BoundExceeded(f"syntax nested deeper than {MAX_DEPTH}")
    out: Json = {"k": type(node).__name__, "i": node._rs_index}  # type: ignore[attr-defined]
    if hasattr(node, "lineno"):
        out["l"], out["c"] = node.lineno, node.col_offset
        out["el"], out["ec"] = node.end_lineno, node.end_col_offset
    if isinstance(node, ast.Constant):
        out["value"] = constant(node.value)
        return out
    if type(node).__name__ == "MatchSingleton":
        out["value"] = constant(node.value)
        return out
    for field in node._fields:
        if field in UNWANTED:
            continue
        value = getattr(node, field, None)
        if value is not None:
            out[field] = encode(value, depth)
    return out


def syntax_error(error: SyntaxError) -> Json:
    """All that CPython prints of a syntax error."""
    text: Optional[str] = error.text
    return {
        "type": type(error).__name__,
        "message": str(error.msg),
        "line": error.lineno,
        "offset": error.offset,
        "end_line": getattr(error, "end_lineno", None),
        "end_offset": getattr(error, "end_offset", None),
        "text": text if text is None or is_text(text) else None,
    }


def failure(kind: str, message: str) -> Json:
    """An error that has no place in the source."""
    return {"type": kind, "message": message, "line": None, "offset": None,
            "end_line": None, "end_offset": None, "text": None}


def export(path: str, module: Optional[str], source: bytes) -> Json:
    """One file: its tree, or why there is none."""
    entry: Json = {"path": path, "module": module, "error": None, "tree": None}
    if len(source) > MAX_SOURCE_BYTES:
        entry["error"] = failure("BoundExceeded", f"source larger than {MAX_SOURCE_BYTES} bytes")
        return entry
    try:
        tree = ast.parse(source, path)
        # The parser accepts what the symbol table refuses (a `return` at module level, say).
        compile(source, path, "exec", dont_inherit=True)
        number(tree)
        entry["tree"] = encode_node(tree, 0)
    except SyntaxError as error:
        entry["error"] = syntax_error(error)
    except BoundExceeded as error:
        entry["error"] = failure("BoundExceeded", str(error))
    except (ValueError, RecursionError, MemoryError, OverflowError) as error:
        entry["error"] = failure(type(error).__name__, str(error) or type(error).__name__)
    return entry


def answer(request: Json) -> bytes:
    """The trees of a request."""
    modules = request.get("modules", [])
    if len(modules) > MAX_MODULES:
        raise SystemExit(f"more than {MAX_MODULES} modules")
    script = request["script"]
    files = [export(script["path"], None, base64.b64decode(script["source_b64"]))]
    for entry in modules:
        files.append(export(entry["path"], entry["name"], base64.b64decode(entry["source_b64"])))
    found = {"python": "%d.%d.%d" % sys.version_info[:3], "files": files}
    return json.dumps(found, separators=(",", ":")).encode()


def main() -> None:
    """Frames of standard input to frames of standard output, until there are no more.

    Each request is parsed by a child of its own: no script finds anything of another's, and none leaves memory behind.
    """
    warnings.simplefilter("ignore")
    if hasattr(sys, "set_int_max_str_digits"):
        sys.set_int_max_str_digits(0)
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    gc.freeze()
    while size := source.read(4):
        request = source.read(int.from_bytes(size, "little"))
        child = os.fork()
        if child == 0:
            data = answer(json.loads(request))
            sink.write(len(data).to_bytes(4, "little") + data)
            sink.flush()
            os._exit(0)
        status = os.waitpid(child, 0)[1]
        if status:
            sys.exit(status >> 8 or 128 + (status & 0x7f))


if __name__ == "__main__":
    main()
