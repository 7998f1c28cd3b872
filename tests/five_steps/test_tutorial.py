"""The tutorial, typed as it is written: its files are made, its commands run, its answers compared."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import django

from tests.five_steps.test_five_steps import environment
from tests.host.project import PATIENCE, eventually, sign_in
from tests.house.tree import ROOT, text
from tests.postgres import free_port

PAGE = text(ROOT / "docs/tutorial.md")
BLOCK = re.compile(r"(?P<before>[^\n]*)\n\n```(?P<language>\w+)\n(?P<code>.*?)```", re.DOTALL)
EVENT = re.compile(r"^[0-9a-f-]{36}$", re.MULTILINE)
NOT_TYPED = ("python -m venv", ". .venv", "pip install")


def test_the_tutorial_works_as_written(tmp_path):
    said, event = "", ""
    for block in BLOCK.finditer(PAGE):
        code = block["code"]
        if block["language"] == "python":
            write(tmp_path, block["before"], code)
        elif block["language"] == "sh":
            said = "".join(run(tmp_path, line.replace("EVENT", event)) for line in code.splitlines())
            event = (EVENT.findall(said) or [event])[0]
        else:
            lines = [line.strip() for line in said.splitlines()]
            for line in code.splitlines():
                assert any(found.startswith(line) for found in lines), f"{line!r} is not in\n{said}"
    look(tmp_path, event)


def write(project, before, code):
    [path] = re.findall(r"`(\w+/\w+\.py)`", before)
    file = project / path
    kept = text(file) if before.startswith("At the end of") else ""
    if path.endswith("settings.py") and django.VERSION < (6, 1):
        kept += 'EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"\n'
    file.write_text(f"{kept}\n{code}")


def run(project, line):
    if line.startswith(NOT_TYPED):
        return ""
    path = {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(line, shell=True, cwd=project, env=environment() | path, text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=2 * PATIENCE)  # fmt: skip
    assert done.returncode == 0, f"{line}\n{done.stdout}"
    return done.stdout


def look(project, event):
    """What "See it" promises."""
    port = free_port()
    site = f"http://localhost:{port}"
    command = [sys.executable, "manage.py", "runserver", "--noreload", str(port)]
    silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, cwd=project, env=environment(), **silent) as server:
        try:
            ana = eventually(lambda: try_sign_in(site))
            assert "Invoice 42 is paid" in ana.get(f"{site}/tocsin/inbox/", timeout=PATIENCE).text
            assert ana.get(f"{site}/tocsin/api/v1/openapi.json", timeout=PATIENCE).status_code == 200
            page = ana.get(f"{site}/tocsin/events/{event}/", timeout=PATIENCE)
            assert page.status_code == 200
            assert "They have no address on this channel." in page.text
        finally:
            server.terminate()


def try_sign_in(site):
    try:
        return sign_in(site, "ana", "correct horse battery", door="/admin/login/")
    except OSError:  # not up yet
        return None
