"""Files and functions stay small enough to be read at one go."""

from __future__ import annotations

import ast
import re

from tests.house.tree import modules, name, text, tree

MAX_FILE, MAX_FUNCTION, MAX_POSITIONAL = 350, 50, 5
HUBS = re.compile(r"utils?|helpers?|common|misc|services|managers?")


def functions(path):
    nodes = ast.walk(tree(path))
    return [node for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def test_no_file_is_long():
    assert [f"{name(p)}: {n} lines" for p in modules() if (n := text(p).count("\n")) > MAX_FILE] == []


def test_no_function_is_long():
    found = [(p, f, f.end_lineno - f.lineno + 1) for p in modules() for f in functions(p)]
    assert [f"{name(p)}:{f.lineno} {f.name}: {n} lines" for p, f, n in found if n > MAX_FUNCTION] == []


def test_no_function_takes_many_positional_parameters():
    found = [(p, f, positional(f)) for p in modules("src") for f in functions(p)]
    assert [f"{name(p)}:{f.lineno} {f.name}: {n}" for p, f, n in found if n > MAX_POSITIONAL] == []


def positional(function):
    if function.decorator_list:  # a framework calls it, by name
        return 0
    names = [argument.arg for argument in (*function.args.posonlyargs, *function.args.args)]
    return len(names) - (names[:1] in (["self"], ["cls"]))


def test_no_file_is_a_drawer_for_everything():
    assert [name(p) for p in modules() if HUBS.fullmatch(p.stem)] == []
