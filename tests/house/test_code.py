"""Rules about the source that no linter knows."""

from __future__ import annotations

import ast
import re
import subprocess
import sys

import pytest

from tests.house.tree import ROOT, files, modules, name, text, tree

SOURCE = modules("src")
MACHINE = re.compile(r"/(?:root|home|Users|work|tmp/w)/[\w.]")
VERSION_TESTS = re.compile(r"django\.VERSION|get_version\(|sys\.version_info|version_info\b|sys\.hexversion")


def test_every_module_says_where_it_sits():
    silent = [name(p) for p in SOURCE if text(p) and not ast.get_docstring(tree(p))]
    assert silent == []


def test_only_compat_asks_which_version_runs():
    assert [name(p) for p in SOURCE if p.stem != "compat" and VERSION_TESTS.search(text(p))] == []


def test_no_exception_is_swallowed():
    assert [f"{name(p)}:{node.lineno}" for p in SOURCE for node in ast.walk(tree(p)) if _swallows(node)] == []


def _swallows(node):
    if isinstance(node, ast.ExceptHandler):
        broad = node.type is None or _names(node.type) & {"Exception", "BaseException"}
        return broad and all(isinstance(step, ast.Pass | ast.Continue) for step in node.body)
    if isinstance(node, ast.Call) and _names(node.func) & {"suppress"}:
        return any(_names(argument) & {"Exception", "BaseException"} for argument in node.args)
    return False


def _names(node):
    return {getattr(n, "id", getattr(n, "attr", "")) for n in ast.walk(node)}


def test_nothing_is_unpickled_or_evaluated():
    gates = re.compile(
        r"^\s*(?:import|from) (?:pickle|marshal|shelve)\b|(?<![\w.])(?:eval|exec)\(", re.MULTILINE
    )
    assert [name(p) for p in SOURCE if gates.search(text(p))] == []


def test_yaml_is_read_in_one_place_by_a_loader_that_makes_no_objects():
    asks = [p for p in SOURCE if re.search(r"^\s*(?:import|from) yaml\b", text(p), re.MULTILINE)]
    assert [name(p) for p in asks] == ["src/tocsin/rules/yaml_files.py"]
    used = set(re.findall(r"yaml\.\w*(?:[Ll]oad|Loader|construct)\w*", text(asks[0])))
    assert used == {"yaml.SafeLoader"}


def test_no_path_of_a_machine_is_written_down():
    kept = [
        p
        for p in files()
        if p.suffix not in (".png", ".ico", ".woff2") and p != ROOT / "tests/house/test_code.py"
    ]
    assert [f"{name(p)}: {found[0]}" for p in kept if (found := MACHINE.search(text(p)))] == []


@pytest.mark.parametrize("module", ["tocsin", "tocsin.errors", "tocsin.levels"])
def test_importing_the_front_door_loads_nothing_heavy(module):
    program = (
        f"import {module}, sys; print(sorted({{'django.db', 'pycurl', 'ninja', 'rich'}} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT / "src", capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
