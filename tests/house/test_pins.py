"""The pins in requirements/ are complete, exact, and say nothing about where packages come from."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib import import_module, metadata

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.house.tree import ROOT, modules, name, text, tree
from tocsin import values

PINS = ROOT / "requirements"
PIN = re.compile(r"([A-Za-z0-9._-]+)==([A-Za-z0-9.]+)")
OWN = {"tocsin", "tests", "bench", "scripts", "shop"}
SERVED = {
    served.partition(".")[0]
    for adapter in values.ADAPTERS
    for served in import_module(f"tocsin.adapters.{adapter}").SERVED
}
"""Modules of other systems that adapters stand in for."""


def pins(group):
    lines = text(PINS / f"{group}.txt").splitlines()
    found = [PIN.fullmatch(line) for line in lines if line and not line.startswith("#")]
    assert None not in found, f"{group}.txt has a line that is no pin"
    return {canonicalize_name(pin[1]): pin[2] for pin in found}


GROUPS = sorted(path.stem for path in PINS.glob("*.txt"))
SHARED = [group for group in GROUPS if not group.startswith("django")]
ALL = {package: version for group in SHARED for package, version in pins(group).items()}


def test_every_line_is_a_pin_and_nothing_is_pinned_twice():
    counted = [package for group in SHARED if group != "docs" for package in pins(group)]
    assert sorted(counted) == sorted(set(counted))
    # The docs are made in an environment of their own: what others need too is the same there.
    assert {package: ALL[package] for package in pins("docs")} == pins("docs")
    assert all(
        pins(group).get(package, version) == version for group in SHARED for package, version in ALL.items()
    )
    assert {package for group in GROUPS if group not in SHARED for package in pins(group)} == {"django"}


def test_no_line_says_where_packages_come_from():
    listed = [path for folder in (PINS, ROOT / "scripts") for path in folder.iterdir() if path.is_file()]
    for path in [*listed, ROOT / "Makefile", ROOT / ".ci/run", ROOT / "pyproject.toml"]:
        assert not re.search(r"://|--(?:extra-)?index|--find-links", text(path)), path.name


def test_what_users_need_is_pinned():
    project = tomllib.loads(text(ROOT / "pyproject.toml"))["project"]
    wanted = {"core": project["dependencies"], **project["optional-dependencies"]}
    for group, lines in wanted.items():
        for requirement in map(Requirement, lines):
            package = canonicalize_name(requirement.name)
            version = (pins("django61") | ALL).get(package)
            assert version is not None, f"{package}, of {group}, is not in requirements/"
            assert requirement.specifier.contains(version)


def test_what_the_pinned_packages_need_is_pinned_too():
    missing = {f"{package} needs {need}" for package in ALL for need in needs(package)
               if need not in ALL and need != "django"}  # fmt: skip
    assert missing == set()


def needs(package):
    try:
        lines = metadata.requires(package) or []
    except metadata.PackageNotFoundError:  # the tools of another target
        return []
    requirements = [Requirement(line) for line in lines]
    return [
        canonicalize_name(r.name)
        for r in requirements
        if r.marker is None or r.marker.evaluate({"extra": ""})
    ]


def test_this_environment_is_the_pinned_one():
    installed = {canonicalize_name(d.name): d.version for d in metadata.distributions()}
    other = {p: installed[p] for p in ALL if p in installed and installed[p] != ALL[p]}
    assert other == {}
    assert installed["django"] in {pins("django52")["django"], pins("django61")["django"]}


def test_what_is_imported_is_pinned():
    homes = metadata.packages_distributions()
    foreign = {(top, name(p)) for p in modules("src") + modules("tests") for top in imported(tree(p))
               if top not in OWN | SERVED and top not in sys.stdlib_module_names}  # fmt: skip
    unpinned = {(top, place) for top, place in foreign
                if not {canonicalize_name(d) for d in homes.get(top, [])} & {*ALL, "django"}}  # fmt: skip
    assert unpinned == set()


def imported(module):
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]
