"""Warnings that point above the script.

Natively nothing is above a script's top level, and such a warning is shown as the interpreter's own. Here the
bootstrap is there, and would be shown. A level that is above everything says the same in both.
"""

import ast
from typing import Any

ABOVE = 1 << 30
SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp,
          ast.GeneratorExp)


def raise_levels(tree: ast.Module) -> bool:
    """Lets `warnings.warn(…, stacklevel=2)` on the script's top level, and any higher level, mean `ABOVE`.

    Says whether there was any.
    """
    found = False
    stack: list[Any] = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, SCOPES):
            continue
        if isinstance(node, ast.Call) and is_warn(node.func):
            for level in [*node.args[2:3], *(each.value for each in node.keywords if each.arg == "stacklevel")]:
                if isinstance(level, ast.Constant) and type(level.value) is int and level.value > 1:
                    level.value = ABOVE
                    found = True
        stack.extend(ast.iter_child_nodes(node))
    return found


def is_warn(function: ast.expr) -> bool:
    return (isinstance(function, ast.Attribute) and function.attr == "warn"
            and isinstance(function.value, ast.Name) and function.value.id == "warnings")
