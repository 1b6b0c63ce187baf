"""Turns the plan's regions into code: the driver's script with its iterables wrapped, and a chunk's body.

Everything is compiled from CPython's own tree with the script's own line numbers; nothing is printed back to
source. Objects of the harness get into the driver's code as constants, so that no name of the script's
namespaces is taken, except a hidden one while a region is running.
"""

import ast
import copy
import warnings
from types import CodeType
from typing import Any, Callable, Optional

Json = dict[str, Any]

COMPREHENSIONS = ("listcomp", "setcomp", "dictcomp")


def number(tree: ast.AST) -> int:
    """Gives every node its pre-order index: the walk of export.py."""
    index = 0
    stack: list[ast.AST] = [tree]
    while stack:
        node = stack.pop()
        node._rs_index = index  # type: ignore[attr-defined]
        index += 1
        stack.extend(reversed(list(ast.iter_child_nodes(node))))
    return index


def parse(source: bytes, path: str) -> ast.Module:
    """The numbered tree of the script."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = ast.parse(source, path)
    number(tree)
    return tree


class Place:
    """A region in its tree."""

    def __init__(self, plan: Json, node: Any, chain: list[ast.AST]) -> None:
        self.plan = plan
        self.node = node
        self.kind: str = plan["kind"]
        self.classes = [part for part in chain if isinstance(part, ast.ClassDef)]
        functions = [part for part in chain if isinstance(part, (ast.FunctionDef, ast.AsyncFunctionDef))]
        self.function: Optional[ast.AST] = functions[-1] if functions else None
        inner = chain[chain.index(self.function) + 1:] if self.function else chain
        self.in_class = any(isinstance(part, ast.ClassDef) for part in chain)
        # A hidden name can't be assigned inside of another comprehension.
        self.is_nested = any(isinstance(part, (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.Lambda))
                             for part in inner)

    @property
    def hidden(self) -> str:
        """The name that holds the region's entry while it runs."""
        return f"__runsurge_{self.plan['node']}__"

    @property
    def comprehension(self) -> Any:
        """The comprehension, or the generator of a reduction call."""
        if self.kind in COMPREHENSIONS:
            return self.node
        return self.node.args[0]

    @property
    def iterable(self) -> ast.expr:
        if self.kind == "for":
            return self.node.iter
        return self.comprehension.generators[0].iter

    def is_global(self, name: str) -> bool:
        """Whether the region's scope means a global of the script by a name that it assigns."""
        return self.function is None or name in self.plan["globals"]

    @property
    def assigned(self) -> list[str]:
        """Names whose value the region gives, in the order of the plan."""
        return [entry["name"] for entry in self.plan["variables"]
                if entry["role"] == "fold" or (entry["role"] == "last_value" and entry["live_out"])]


def places(tree: ast.Module, regions: list[Json]) -> dict[int, Place]:
    """Finds the plan's regions."""
    wanted = {region["node"]: region for region in regions}
    found: dict[int, Place] = {}

    def walk(node: ast.AST, chain: list[ast.AST]) -> None:
        index = getattr(node, "_rs_index", -1)
        if index in wanted and isinstance(node, (ast.For, ast.expr)):
            found[index] = Place(wanted[index], node, list(chain))
        chain.append(node)
        for child in ast.iter_child_nodes(node):
            walk(child, chain)
        chain.pop()

    walk(tree, [])
    return found


# MARK: the driver's script

def at(node: Any, place: ast.AST) -> Any:
    """Gives a new node, and all new nodes inside of it, a place in the source."""
    for part in ast.walk(node):
        if "lineno" in part._attributes and not hasattr(part, "lineno"):
            ast.copy_location(part, place)
    return node


def load(name: str) -> ast.Name:
    return ast.Name(name, ast.Load())


def store(name: str) -> ast.Name:
    return ast.Name(name, ast.Store())


def call(function: ast.expr, *arguments: ast.expr) -> ast.Call:
    return ast.Call(function, list(arguments), [])


def folded_set(display: ast.Set) -> Optional[ast.expr]:
    """What the compiler iterates over for a set display: a constant if its elements are; None: not sure."""
    try:
        values = tuple(ast.literal_eval(element) for element in display.elts)
    except ValueError:
        plain = all(isinstance(element, (ast.Constant, ast.Name, ast.Attribute, ast.Call)) for element in display.elts)
        return display if plain else None
    if any(type(value) in (list, dict, set) for value in values):
        return display
    return ast.copy_location(ast.Constant(frozenset(values)), display)


class Wrapper(ast.NodeTransformer):
    """Wraps the iterables of regions, and notes how files are opened."""

    def __init__(self, found: dict[int, Place], sites: dict[int, Any], opened: Any) -> None:
        self.found = found
        self.sites = sites
        self.opened = opened
        self.constants: dict[str, Any] = {}

    def constant(self, value: Any) -> ast.Constant:
        """Stands for an object until the code is compiled; NUL can't begin a name that a script would mean."""
        mark = f"\0runsurge:{len(self.constants)}"
        self.constants[mark] = value
        return ast.Constant(mark)

    def wanted(self, node: ast.AST) -> Optional[Place]:
        place = self.found.get(getattr(node, "_rs_index", -1))
        if place is None or place.plan["node"] not in self.sites:
            return None
        return place

    @staticmethod
    def iterated(iterable: ast.expr) -> ast.expr:
        """The iterable as an argument: there the compiler would not fold it."""
        return folded_set(iterable) or iterable if isinstance(iterable, ast.Set) else iterable

    def visit_For(self, node: ast.For) -> Any:
        place = self.wanted(node)
        if place is None:
            return self.generic_visit(node)
        plain = copy.deepcopy(node)
        plain.orelse = []
        site = self.sites[place.plan["node"]]
        self.generic_visit(node)
        hidden = place.hidden
        # An error in the iterator is shown at the place of the loop.
        loop = ast.copy_location(
            ast.For(node.target, ast.Attribute(load(hidden), "round", ast.Load()), node.body, [], None), node)
        step = ast.While(
            call(ast.Attribute(load(hidden), "step", ast.Load())), self.assignments(place) + [loop], [])
        outlined = [
            ast.Assign([store(hidden)], call(self.constant(site.enter), self.iterated(node.iter)), None),
            ast.Try([step], [], [], [ast.Delete([ast.Name(hidden, ast.Del())])]),
        ]
        gated = ast.If(call(self.constant(site.gate)), outlined, [plain])
        return [at(gated, node.iter)] + node.orelse

    def assignments(self, place: Place) -> list[ast.stmt]:
        """Puts what the chunks gave into local variables; globals are set by the site itself."""
        names = [name for name in place.assigned if not place.is_global(name)]
        if not names:
            return []
        def out() -> ast.expr:
            return ast.Attribute(load(place.hidden), "out", ast.Load())
        body: list[ast.stmt] = [
            ast.If(ast.Compare(ast.Constant(name), [ast.In()], [out()]),
                   [ast.Assign([store(name)], ast.Subscript(out(), ast.Constant(name), ast.Load()), None)], [])
            for name in names
        ]
        return [ast.If(out(), body, [])]

    def visit(self, node: ast.AST) -> Any:
        place = self.wanted(node)
        if place is None or place.kind == "for" or place.is_nested:
            return super().visit(node)
        plain = copy.deepcopy(node)
        super().visit(node)
        site = self.sites[place.plan["node"]]
        first = place.comprehension
        late = copy.deepcopy(first)
        iterable = self.iterated(first.generators[0].iter)
        entered = ast.NamedExpr(store(place.hidden), call(self.constant(site.enter), iterable))
        for part, name in ((first, "first"), (late, "late")):
            part.generators[0].iter = at(
                ast.Attribute(load(place.hidden), name, ast.Load()), part.generators[0].iter)
        if place.kind == "setcomp":
            # What is left after a chunk goes in one by one, in order; an exception wants its own frame.
            ordered = at(ast.ListComp(late.elt, copy.deepcopy(late.generators)), late)
            late = ast.IfExp(at(ast.Attribute(load(place.hidden), "raised", ast.Load()), late), late, ordered)
        if place.kind in COMPREHENSIONS:
            value: ast.expr = call(self.constant(site.finish), entered, first, late)
        else:
            assert isinstance(node, ast.Call)
            joined = call(self.constant(site.join), entered, first, late)
            value = ast.Call(node.func, [at(joined, first)] + node.args[1:], node.keywords)
            ast.copy_location(value, plain)
        return at(ast.IfExp(call(self.constant(site.gate)), value, plain), plain)

    def visit_Call(self, node: ast.Call) -> Any:
        self.generic_visit(node)
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        if name != "open":
            return node
        known: Any = None
        for keyword in node.keywords:
            if keyword.arg is None or (keyword.arg == "newline" and not isinstance(keyword.value, ast.Constant)):
                return node
            if keyword.arg == "newline":
                known = keyword.value.value  # type: ignore[attr-defined]
        if len(node.args) > (5 if isinstance(node.func, ast.Name) else 4):
            return node
        return at(call(self.constant(self.opened), node, ast.Constant(known)), node)


def install(code: CodeType, constants: dict[str, Any]) -> CodeType:
    """Puts objects in the places of their marks, in the code and all code inside of it."""
    changed = False
    values = []
    for value in code.co_consts:
        new = value
        if isinstance(value, CodeType):
            new = install(value, constants)
        elif type(value) is str and value in constants:
            new = constants[value]
        changed = changed or new is not value
        values.append(new)
    return code.replace(co_consts=tuple(values)) if changed else code


def driver_code(tree: ast.Module, path: str, sites: dict[int, Any], regions: list[Json], opened: Callable) -> CodeType:
    """The script with its regions wrapped. Consumes the tree."""
    wrapper = Wrapper(places(tree, regions), sites, opened)
    tree = wrapper.visit(tree)
    return install(quietly_compiled(tree, path), wrapper.constants)


def quietly_compiled(tree: ast.Module, path: str) -> CodeType:
    """Code of a tree whose warnings were shown when its source was compiled."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return compile(tree, path, "exec", dont_inherit=True)


def find_code(code: CodeType, name: str, line: int, qualified: Optional[str]) -> Optional[CodeType]:
    """The code of a function by name and first line."""
    for value in code.co_consts:
        if not isinstance(value, CodeType):
            continue
        if value.co_name == name and value.co_firstlineno == line \
                and (qualified is None or value.co_qualname == qualified):  # type: ignore[attr-defined]
            return value
        found = find_code(value, name, line, qualified)
        if found is not None:
            return found
    return None


# MARK: a chunk's body

class Logger(ast.NodeTransformer):
    """Replaces the statements that feed logged variables by entries of a log."""

    def __init__(self, place: Place, logged: set[str]) -> None:
        self.folds: dict[int, Json] = {}
        self.keyed: dict[int, tuple[Json, Json]] = {}
        self.sets: set[str] = set()
        self.operators: dict[str, list[str]] = {}
        for entry in place.plan["variables"]:
            role = entry["role"]
            if role == "fold" and entry["name"] in logged:
                for site in entry["sites"]:
                    self.folds[site] = entry
                self.operators[entry["name"]] = []
            elif role == "keyed_fold" and entry["name"] in logged:
                for site in entry["sites"]:
                    self.keyed[site["node"]] = (entry, site)
            elif role == "keyed_append" and entry.get("inner") == "set":
                self.sets.add(entry["name"])

    def visit(self, node: ast.AST) -> Any:
        index = getattr(node, "_rs_index", -1)
        if isinstance(node, ast.stmt):
            if index in self.folds:
                return self.fold(node, self.folds[index])
            if index in self.keyed:
                entry, site = self.keyed[index]
                return self.keyed_fold(node, entry, site)
        return super().visit(node)

    def fold(self, node: Any, entry: Json) -> ast.stmt:
        name = entry["name"]
        if isinstance(node, ast.AugAssign):
            operation, value = "i" + type(node.op).__name__, node.value
        else:
            operation, value = type(node.value.op).__name__, node.value.right
        known = self.operators[name]
        if operation not in known:
            known.append(operation)
        value = self.visit(value)
        if len(entry["sites"]) > 1:
            value = at(ast.Tuple([ast.Constant(operation), value], ast.Load()), node)
        return at(ast.Expr(call(load(f"__runsurge_log_{name}__"), value)), node)

    def keyed_fold(self, node: Any, entry: Json, site: Json) -> ast.stmt:
        log = load(f"__runsurge_log_{entry['name']}__")
        form = site["form"]
        if form == "aug":
            key, value = node.target.slice, node.value
            made: ast.expr = self.appended(ast.Subscript(log, self.visit(key), ast.Load()), self.visit(value))
        elif form == "get":
            key, value = node.targets[0].slice, node.value.right
            made = self.appended(self.touched(log, self.visit(key)), self.visit(value))
        elif form == "setdefault":
            made = self.touched(log, self.visit(node.value.args[0]))
        elif form == "init":
            made = self.touched(log, self.visit(node.test.left))
        elif form == "branch":
            first = (node.body if site.get("mirrored") else node.orelse)[0]
            made = self.appended(self.touched(log, self.visit(node.test.left)), self.visit(first.value))
        else:
            raise ValueError(form)
        return at(ast.Expr(made), node)

    @staticmethod
    def touched(log: ast.expr, key: ast.expr) -> ast.expr:
        return call(ast.Attribute(log, "setdefault", ast.Load()), key, ast.List([], ast.Load()))

    @staticmethod
    def appended(values: ast.expr, value: ast.expr) -> ast.expr:
        return call(ast.Attribute(values, "append", ast.Load()), value)

    # Inner sets of a dict of sets are logs of insertions in a chunk.

    def is_set_display(self, node: ast.AST) -> bool:
        return (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "set"
                and not node.args and not node.keywords)

    def visit_Call(self, node: ast.Call) -> Any:
        self.generic_visit(node)
        function = node.func
        if (isinstance(function, ast.Attribute) and function.attr == "setdefault" and len(node.args) == 2
                and isinstance(function.value, ast.Name) and function.value.id in self.sets
                and self.is_set_display(node.args[1])):
            node.args[1] = at(call(load("__runsurge_set__")), node)
        return node

    def visit_Assign(self, node: ast.Assign) -> Any:
        self.generic_visit(node)
        target = node.targets[0]
        if (isinstance(target, ast.Subscript) and isinstance(target.value, ast.Name) and target.value.id in self.sets
                and self.is_set_display(node.value)):
            node.value = at(call(load("__runsurge_set__")), node)
        return node


def chunk_code(tree: ast.Module, path: str, region: Json, logged: set[str]) -> CodeType:
    """A function `(source, out, parameters…)` that runs the region's own statements over `source`.

    Its parameters are the accumulators or their logs, in the plan's order. What the body reads are globals.
    """
    place = places(tree, [region])[region["node"]]
    parameters: list[str] = []
    if place.kind == "for":
        logger = Logger(place, logged)
        for entry in region["variables"]:
            if entry["role"] in ("last_value", "writer"):
                continue
            if entry["name"] in logged:
                parameters.append(f"__runsurge_log_{entry['name']}__")
            else:
                parameters.append(entry["name"])
        body: list[ast.stmt] = []
        for statement in copy.deepcopy(place.node.body):
            body.append(logger.visit(statement))
        loop = ast.For(place.node.target, load("__runsurge_source__"), body, [], None)
        statements: list[ast.stmt] = [at(loop, place.node)]
        for name in place.assigned:
            if name not in logged:
                statements.append(at(kept(name), place.node))
    else:
        statements = [at(ast.Return(collected(place)), place.node)]
    arguments = ast.arguments([], [ast.arg(name, None, None) for name in
                                   ["__runsurge_source__", "__runsurge_out__"] + parameters], None, [], [], None, [])
    function: ast.stmt = ast.FunctionDef("__runsurge_chunk__", arguments, statements, [], None, None)
    if hasattr(function, "type_params") or "type_params" in ast.FunctionDef._fields:
        function.type_params = []  # type: ignore[attr-defined]
    for scope in reversed(place.classes):
        # Private names are mangled by the class around.
        function = ast.ClassDef(scope.name, [], [], [function], [])
        if "type_params" in ast.ClassDef._fields:
            function.type_params = []  # type: ignore[attr-defined]
    at(function, place.node)
    futures = [node for node in tree.body if isinstance(node, ast.ImportFrom) and node.module == "__future__"]
    code = quietly_compiled(ast.Module(futures + [function], []), path)
    found = find_code(code, "__runsurge_chunk__", place.node.lineno, None)
    assert found is not None
    return found


def kept(name: str) -> ast.stmt:
    """Hands the last value of a variable out, if it has one."""
    target = ast.Subscript(load("__runsurge_out__"), ast.Constant(name), ast.Store())
    handler = ast.ExceptHandler(load("__runsurge_unbound__"), None, [ast.Pass()])
    return ast.Try([ast.Assign([target], load(name), None)], [handler], [], [])


def collected(place: Place) -> ast.expr:
    """The comprehension over the chunk's records, with the order of its elements kept."""
    given = copy.deepcopy(place.comprehension)
    given.generators[0].iter = at(load("__runsurge_source__"), given.generators[0].iter)
    if place.kind == "dictcomp":
        return given
    if place.kind == "setcomp":
        return ast.DictComp(given.elt, ast.Constant(None), given.generators)
    return ast.ListComp(given.elt, given.generators)


def branch_is_uniform(place: Place, entry: Json) -> bool:
    """Whether every `if k in d: d[k] += a / else: d[k] = b` of the variable has equal a and b."""
    nodes = {node._rs_index: node for node in ast.walk(place.node) if hasattr(node, "_rs_index")}
    for site in entry["sites"]:
        if site["form"] != "branch":
            continue
        node = nodes[site["node"]]
        present, missing = (node.orelse, node.body) if site.get("mirrored") else (node.body, node.orelse)
        if ast.dump(present[0].value) != ast.dump(missing[0].value):
            return False
    return True
