"""Pickling by value: what a region's body reads, and the values that come back.

Functions and classes of the script travel as definitions, numbered in one table a region; everything else that
refers to one of them says its number. A chunk's answer names them by the same numbers, so that the driver gets
its own functions and classes back, never copies.
"""

import collections
import functools
import io
import marshal
import pickle
import sys
import types
from typing import Any, Callable, Iterable, Iterator, Optional

from _runsurge import guards
from _runsurge.guards import ATOMS, Declined, GuardFailed

Json = dict[str, Any]
PROTOCOL = 5
# How a pickle begins, and no marshalled container.
PICKLED = b"\x80"

# The definitions of the region at hand, in a chunk process.
table: list[Any] = []
namespace: dict[str, Any] = {}


# MARK: rebuilding, in the chunk

def definition(index: int) -> Any:
    """A function or class of the script by its number."""
    return table[index]


def make_function(index: int, code: bytes, name: str, cells: int) -> Any:
    """A function whose parts are set by `fill_function`, because they may refer to the function itself."""
    function = types.FunctionType(
        marshal.loads(code), namespace, name, None, tuple(types.CellType() for _ in range(cells)))
    register(index, function)
    return function


def fill_function(function: Any, state: tuple) -> None:
    """The parts of a function: defaults, closure, attributes."""
    defaults, keyword_defaults, cells, attributes, qualified = state
    function.__defaults__ = defaults
    function.__kwdefaults__ = keyword_defaults
    for cell, content in zip(function.__closure__ or (), cells):
        if content:
            cell.cell_contents = content[0]
    function.__dict__.update(attributes)
    function.__qualname__ = qualified
    function.__module__ = "__main__"


def make_cached(index: int, function: Any, size: Optional[int], typed: bool) -> Any:
    """A function under `lru_cache`, with an empty cache."""
    made = functools.lru_cache(size, typed)(function)
    register(index, made)
    return made


def make_class(index: int, code: bytes, name: str, needed: dict[str, Any]) -> Any:
    """Executes a class statement of the script once more."""
    for key, value in needed.items():
        namespace.setdefault(key, value)
    exec(marshal.loads(code), namespace)
    made = namespace[name]
    register(index, made)
    return made


def fill_class(made: Any, attributes: dict[str, Any]) -> None:
    """Class attributes as they are by now."""
    for name, value in attributes.items():
        setattr(made, name, value)


def make_named_tuple(index: int, name: str, fields: tuple, defaults: tuple) -> Any:
    """A class made by `collections.namedtuple`."""
    from collections import namedtuple
    made = namedtuple(name, fields, defaults=defaults or None, module="__main__")
    register(index, made)
    return made


def register(index: int, made: Any) -> None:
    """Enters a definition in the table."""
    while len(table) <= index:
        table.append(None)
    table[index] = made


# MARK: sending

class Definitions:
    """The driver's side of the table: what has been given a number."""

    def __init__(self, script: "Script") -> None:
        self.script = script
        self.objects: list[Any] = []
        self.numbers: dict[int, int] = {}
        # The script's names that the chunk will have; None: it has not been said.
        self.names: Optional[frozenset[str]] = None
        # How many were sent: in a chunk, reading a key may have put it in.
        self.defaultdicts = 0

    def number(self, value: Any) -> int:
        index = self.numbers.get(id(value))
        if index is None:
            index = self.numbers[id(value)] = len(self.objects)
            self.objects.append(value)
        return index


class Script:
    """What is needed of the script to send its definitions: the plain code and the tree."""

    def __init__(self, code: types.CodeType, source: bytes, path: str, main: dict[str, Any]) -> None:
        self.code = code
        self.source = source
        self.path = path
        self.main = main
        self._tree: Any = None
        self._compares: Any = None
        self._exact: Any = None

    @property
    def is_exact(self) -> bool:
        """Whether the script's plain data may be marshalled."""
        if self._exact is None:
            self._exact = is_exact(self.tree)
        return self._exact

    @property
    def compares_identities(self) -> bool:
        """Whether it matters that equal atoms are one object."""
        if self._compares is None:
            self._compares = compares_identities(self.tree)
        return self._compares

    @property
    def tree(self) -> Any:
        """A numbered tree that nobody changes."""
        # Not needed, and so not loaded, in a chunk process.
        from _runsurge import outline
        if self._tree is None:
            self._tree = outline.parse(self.source, self.path)
        return self._tree

    def function_code(self, function: Any) -> bytes:
        """The code of a function without the driver's wrapping."""
        code = function.__code__
        if code.co_filename != self.path:
            raise Declined(f"the function {function.__name__} was not defined in the script")
        try:
            return marshal.dumps(code)
        except ValueError:
            from _runsurge import outline
            qualified = getattr(code, "co_qualname", None)
            plain = outline.find_code(self.code, code.co_name, code.co_firstlineno, qualified)
            if plain is None:
                raise Declined(f"the code of {function.__name__} was not found")
            return marshal.dumps(plain)

    def class_statement(self, kind: type) -> Any:
        """The class statement that made a class of the script's top level."""
        import ast
        found = [node for node in self.tree.body if isinstance(node, ast.ClassDef) and node.name == kind.__name__]
        if len(found) != 1 or kind.__qualname__ != kind.__name__ or self.main.get(kind.__name__) is not kind:
            return None
        return found[0]


class Sender(pickle.Pickler):
    """Pickles what goes to a chunk. Declines whatever the analysis can't have known by its type."""

    def __init__(self, file: Any, definitions: Definitions, is_table: bool = False) -> None:
        super().__init__(file, PROTOCOL)
        self.definitions = definitions
        self.is_table = is_table

    def reducer_override(self, value: Any) -> Any:
        kind = type(value)
        if kind is types.FunctionType:
            return self.function(value)
        if isinstance(value, type):
            return self.type(value)
        if kind is types.ModuleType:
            return self.module(value)
        if kind is functools._lru_cache_wrapper:
            return self.cached(value)
        if kind is types.BuiltinFunctionType:
            owner = value.__self__
            if owner is None or type(owner) is types.ModuleType:
                return NotImplemented
            raise Declined(f"a method of a {type(owner).__name__} object is kept in a variable")
        if kind is types.MethodType:
            return NotImplemented
        if kind in (staticmethod, classmethod, property):
            raise Declined(f"a {kind.__name__} object is kept in a variable")
        if kind is collections.defaultdict:
            self.definitions.defaultdicts += 1
        if kind in ATOMS or guards.is_value(kind):
            return NotImplemented
        if guards.is_plain_class(kind) and not hasattr(kind, "__next__"):
            if any(callable(part) for part in attributes(value)):
                raise Declined(f"an attribute of a {kind.__name__} object is a function")
            return NotImplemented
        raise Declined(f"an object of type {kind.__module__}.{kind.__qualname__} can't be sent")

    def numbered(self, value: Any) -> Optional[tuple]:
        """A reference, unless the table itself is being written."""
        index = self.definitions.number(value)
        return None if self.is_table else (definition, (index,))

    def function(self, value: Any) -> Any:
        if value.__module__ != "__main__" or value.__globals__ is not self.definitions.script.main:
            module = sys.modules.get(value.__module__ or "")
            target: Any = module
            for part in value.__qualname__.split("."):
                target = getattr(target, part, None)
            if target is value:
                return NotImplemented
            raise Declined(f"the function {value.__qualname__} can't be sent by name")
        reference = self.numbered(value)
        if reference:
            return reference
        self.check_globals(value)
        index = self.definitions.number(value)
        cells = []
        for cell in value.__closure__ or ():
            try:
                cells.append((cell.cell_contents,))
            except ValueError:
                cells.append(())
        state = (value.__defaults__, value.__kwdefaults__, cells, value.__dict__, value.__qualname__)
        made = (index, self.definitions.script.function_code(value), value.__name__, len(cells))
        return make_function, made, state, None, None, fill_function

    def check_globals(self, function: Any) -> None:
        """A function that came along as a value may read what the analysis did not know to be needed."""
        known = self.definitions.names
        if known is None:
            return
        for name in sorted(global_names(function.__code__)):
            if name in self.definitions.script.main and name not in known:
                raise Declined(f"the function {function.__name__} reads {name}, which a chunk would not have")

    def cached(self, value: Any) -> Any:
        reference = self.numbered(value)
        if reference:
            return reference
        given = value.cache_parameters()
        return make_cached, (self.definitions.number(value), value.__wrapped__, given["maxsize"], given["typed"])

    def module(self, value: Any) -> Any:
        name = value.__name__
        if name == "__main__" or sys.modules.get(name) is not value:
            raise Declined(f"the module object {name} can't be sent")
        return import_module, (name,)

    def type(self, value: Any) -> Any:
        if value.__module__ != "__main__":
            return NotImplemented
        reference = self.numbered(value)
        if reference:
            return reference
        index = self.definitions.number(value)
        script = self.definitions.script
        statement = script.class_statement(value)
        if statement is None:
            if getattr(value, "__bases__", None) == (tuple,) and hasattr(value, "_fields") \
                    and script.main.get(value.__name__) is value:
                defaults = tuple(value._field_defaults.values())
                return make_named_tuple, (index, value.__name__, value._fields, defaults)
            raise Declined(f"the class {value.__qualname__} is not defined at the top of the script")
        needed = {name: script.main[name] for name in class_needs(statement) if name in script.main
                  and name != value.__name__}
        code = class_code(script, statement)
        return make_class, (index, code, value.__name__, needed), class_state(value), None, None, fill_class


def import_module(name: str) -> Any:
    """A module by name."""
    import importlib
    return importlib.import_module(name)


def class_code(script: Script, statement: Any) -> bytes:
    """The class statement on its own, compiled."""
    import ast
    import warnings
    futures = [node for node in script.tree.body
               if isinstance(node, ast.ImportFrom) and node.module == "__future__"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return marshal.dumps(compile(ast.Module(futures + [statement], []), script.path, "exec", dont_inherit=True))


def class_needs(statement: Any) -> set[str]:
    """Names that executing a class statement may read: all but those inside of its methods' bodies."""
    import ast
    names: set[str] = set()

    def walk(node: ast.AST) -> None:
        if isinstance(node, ast.Name):
            names.add(node.id)
        for field, value in ast.iter_fields(node):
            if field == "body" and isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
                continue
            for part in value if isinstance(value, list) else [value]:
                if isinstance(part, ast.AST):
                    walk(part)

    walk(statement)
    return names


def class_state(value: type) -> Optional[dict[str, Any]]:
    """Plain class attributes, as they may have been assigned since."""
    if "enum" in sys.modules and isinstance(value, sys.modules["enum"].EnumMeta):
        return None
    state = {}
    for name, content in vars(value).items():
        if name.startswith("__") or type(content) not in (bool, int, float, str, list, dict, set, tuple):
            continue
        if name in ("_fields", "_field_defaults", "_fields_defaults"):
            continue
        state[name] = content
    return state or None


def global_names(code: types.CodeType) -> set[str]:
    """The global names that code and what is defined in it read."""
    import dis
    names = {str(step.argval) for step in dis.get_instructions(code) if step.opname in ("LOAD_GLOBAL", "LOAD_NAME")}
    for part in code.co_consts:
        if isinstance(part, types.CodeType):
            names |= global_names(part)
    return names


def pickled(value: Any, definitions: Definitions, is_table: bool = False, exempt: Iterable[Any] = ()) -> bytes:
    """The bytes of a value for a chunk; the order of `exempt` sets does not matter."""
    file = io.BytesIO()
    try:
        Sender(file, definitions, is_table).dump(value)
    except (Declined, GuardFailed):
        raise
    except RecursionError:
        raise Declined("a value is nested too deeply to be sent")
    except Exception as error:
        raise Declined(f"a value can't be sent: {type(error).__name__}: {error}")
    data = file.getvalue()
    if may_hold_sets(data):
        check_sets(value, lambda kept: pickle.loads(pickle.dumps(kept, PROTOCOL)), Declined, exempt)
    return data


# MARK: sets keep their order, or do not travel

def may_hold_sets(data: bytes) -> bool:
    """Whether the opcodes of sets occur in pickled bytes; text may hold them too."""
    return b"\x8f" in data or b"\x91" in data


class Finder(pickle.Pickler):
    """Finds the sets among the parts of a value."""

    def __init__(self) -> None:
        super().__init__(io.BytesIO(), PROTOCOL)
        self.found: dict[int, Any] = {}

    def persistent_id(self, value: Any) -> Any:
        kind = type(value)
        if kind is set or kind is frozenset:
            self.found[id(value)] = value
        elif kind not in ATOMS and kind not in (list, dict, tuple) and not guards.is_value(kind):
            if isinstance(value, (type, types.FunctionType, types.ModuleType, types.BuiltinFunctionType)):
                return 0
        return None


def check_sets(value: Any, copied: Callable[[Any], Any], failure: Any, exempt: Iterable[Any] = ()) -> None:
    """Refuses sets that would come out of the pickle in another order: it follows from how they grew."""
    finder = Finder()
    try:
        finder.dump(value)
    except Exception:
        raise failure("a value's sets can't be looked at")
    skipped = {id(known) for known in exempt}
    for key, found in finder.found.items():
        if key not in skipped and len(found) > 1 and not keeps_order(found, copied):
            raise failure("the order of a set would not survive the way to another process")


def keeps_order(found: Any, copied: Callable[[Any], Any]) -> bool:
    """Whether a set made anew from the order of this one is the same to every later use."""
    for part in found:
        if type(part) not in ATOMS and type(part) is not tuple:
            return False
    copy = copied(found)
    return list(copy) == list(found) and sys.getsizeof(copy) == sys.getsizeof(found)


# MARK: parts that both sides know

# Modules whose values marshal writes exactly, or refuses.
EXACT_MODULES = frozenset("""
    __future__ argparse atexit base64 bisect calendar collections contextlib copy csv dataclasses datetime decimal
    difflib enum fnmatch fractions functools glob hashlib heapq html itertools json logging math operator os pathlib
    pprint random re shutil statistics string struct sys tempfile textwrap time traceback typing unicodedata urllib
    uuid warnings zlib
""".split())
INEXACT_NAMES = frozenset("""
    set frozenset union intersection difference symmetric_difference bytearray memoryview array getbuffer
""".split())


def is_exact(tree: Any) -> bool:
    """Whether no set, bytearray or other buffer can be among the values of a script.

    marshal is several times faster than pickle, but sorts sets and takes every buffer for bytes.
    """
    import ast
    for node in ast.walk(tree):
        if isinstance(node, (ast.Set, ast.SetComp)):
            return False
        if isinstance(node, ast.Name) and node.id in INEXACT_NAMES:
            return False
        if isinstance(node, ast.Attribute) and node.attr in INEXACT_NAMES:
            return False
        if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.BitAnd, ast.BitOr, ast.BitXor, ast.Sub)):
            # Of dict views, these make sets.
            if any(isinstance(part, ast.Attribute) and part.attr in ("keys", "items") for part in ast.walk(node)):
                return False
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else \
            [node.module or "."] if isinstance(node, ast.ImportFrom) else []
        if any(name.split(".")[0] not in EXACT_MODULES for name in names):
            return False
    return True


def marshalled(value: Any) -> Optional[bytes]:
    """Plain data by marshal; None when there is more to it."""
    try:
        return marshal.dumps(value)
    except ValueError:
        return None


SINGLETONS = frozenset({type(None), bool, type(Ellipsis), type(NotImplemented)})


def parts(root: Any, with_atoms: bool = False, limit: int = 200_000) -> list[Any]:
    """The objects reachable from a value, in an order both processes find alike.

    Immutable atoms are left out, unless the script might compare identities.
    """
    found: list[Any] = []
    seen: set[int] = set()
    stack = [root]
    while stack:
        value = stack.pop()
        kind = type(value)
        if kind in ATOMS:
            if not with_atoms or kind in SINGLETONS or (kind is int and -5 <= value <= 256):
                continue
        if id(value) in seen:
            continue
        seen.add(id(value))
        found.append(value)
        if len(found) > limit:
            raise Declined("too many objects are shared")
        if kind in ATOMS or isinstance(value, (type, types.FunctionType, types.ModuleType)):
            continue
        if isinstance(value, (list, tuple)):
            stack.extend(value)
        elif isinstance(value, dict):
            stack.extend(value.values())
            if with_atoms:
                stack.extend(value)
        else:
            stack.extend(attributes(value))
    return found


def attributes(value: Any) -> list[Any]:
    """What an instance holds, in its dict and in slots."""
    if isinstance(value, (type, types.ModuleType)):
        return []
    held = list(getattr(value, "__dict__", {}).values())
    for base in type(value).__mro__:
        names = base.__dict__.get("__slots__", ())
        for name in (names,) if isinstance(names, str) else names:
            if not name.startswith("__") and hasattr(value, name):
                held.append(getattr(value, name))
    return held


def compares_identities(tree: Any) -> bool:
    """Whether the script could tell two equal atoms apart."""
    import ast
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id == "id":
            return True
        if not isinstance(node, ast.Compare):
            continue
        sides = [node.left, *node.comparators]
        for index, op in enumerate(node.ops):
            if isinstance(op, (ast.Is, ast.IsNot)) and not any(
                    isinstance(side, ast.Constant) and type(side.value) in SINGLETONS
                    for side in sides[index:index + 2]):
                return True
    return False


class Answer(pickle.Pickler):
    """Pickles what a chunk gives back: definitions and shared parts by reference."""

    def __init__(self, file: Any) -> None:
        super().__init__(file, PROTOCOL)

    def reducer_override(self, value: Any) -> Any:
        kind = type(value)
        if kind is types.FunctionType or isinstance(value, type) or kind is functools._lru_cache_wrapper:
            if getattr(value, "__module__", None) != "__main__":
                if kind is types.FunctionType and "<locals>" in value.__qualname__:
                    raise GuardFailed("a function made in the loop is kept")
                return NotImplemented
            for index, known in enumerate(table):
                if known is value:
                    return definition, (index,)
            raise GuardFailed("a function or class made in the loop is kept")
        if kind is types.ModuleType:
            return import_module, (value.__name__,)
        if kind in ATOMS or guards.is_value(kind):
            return NotImplemented
        if kind is types.BuiltinFunctionType and (value.__self__ is None or type(value.__self__) is types.ModuleType):
            return NotImplemented
        if guards.is_plain_class(kind) and not hasattr(kind, "__next__"):
            return NotImplemented
        raise GuardFailed(f"an object of type {kind.__module__}.{kind.__qualname__} is kept")


class SharingAnswer(Answer):
    """Says by a token which objects are the driver's own."""

    def __init__(self, file: Any, tokens: dict[int, Any]) -> None:
        super().__init__(file)
        self.tokens = tokens

    def persistent_id(self, value: Any) -> Any:
        return self.tokens.get(id(value))


def answer(value: Any, tokens: Optional[dict[int, Any]], is_plain: bool) -> bytes:
    """The bytes of a chunk's effects. `is_plain`: there are no sets or buffers among them."""
    if is_plain and tokens is None:
        plain = marshalled(value)
        if plain is not None:
            return plain
    file = io.BytesIO()
    pickler = Answer(file) if tokens is None else SharingAnswer(file, tokens)
    try:
        pickler.dump(value)
    except (GuardFailed, MemoryError):
        raise
    except Exception as error:
        raise GuardFailed(f"a value can't be sent back: {type(error).__name__}: {error}")
    data = file.getvalue()
    if may_hold_sets(data):
        check_sets(value, lambda kept: pickle.loads(pickle.dumps(kept, PROTOCOL)), GuardFailed)
    return data


def pieces(data: bytes, end: int, records: int) -> Iterator[tuple[int, int, bytes]]:
    """The pieces of a chunk's effects, in order, each with the unit behind it; a chunk that ran whole is one.

    The agent joins pieces behind an `s`: each has its size, the unit behind it and its records before it.
    """
    if data[:1] != b"s":
        yield end, records, data
        return
    place = 1
    while place < len(data):
        size = int.from_bytes(data[place:place + 4], "little")
        end = int.from_bytes(data[place + 4:place + 12], "little", signed=True)
        records = int.from_bytes(data[place + 12:place + 20], "little")
        place += 20 + size
        yield end, records, data[place - size:place]


def received(data: bytes, definitions: "Definitions", resolve: Callable[[Any], Any]) -> Any:
    """A chunk's effects in the driver."""
    if data[:1] != PICKLED:
        return marshal.loads(data)
    return Receiver(data, definitions, resolve).load()


def records_bytes(records: list[Any], definitions: "Definitions") -> bytes:
    """Records for a chunk."""
    if definitions.script.is_exact:
        plain = marshalled(records)
        if plain is not None:
            return plain
    return pickled(records, definitions)


def records_of(data: bytes) -> Any:
    """Records in a chunk."""
    return pickle.loads(data) if data[:1] == PICKLED else marshal.loads(data)


class Receiver(pickle.Unpickler):
    """Reads a chunk's effects in the driver."""

    def __init__(self, data: Any, definitions: Definitions, resolve: Callable[[Any], Any]) -> None:
        super().__init__(io.BytesIO(data))
        self.definitions = definitions
        self.resolve = resolve

    def persistent_load(self, token: Any) -> Any:
        return self.resolve(token)

    def find_class(self, module: str, name: str) -> Any:
        if module == "_runsurge.environment" and name == "definition":
            return self.definitions.objects.__getitem__
        return super().find_class(module, name)


def names_only_tested(tree: Any) -> set[str]:
    """Names of the script that are read for nothing but membership tests."""
    import ast
    tested: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            for op, right in zip(node.ops, node.comparators):
                if isinstance(op, (ast.In, ast.NotIn)) and isinstance(right, ast.Name):
                    tested.add(id(right))
    all_names: set[str] = set()
    others: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            (all_names if id(node) in tested else others).add(node.id)
    return all_names - others
