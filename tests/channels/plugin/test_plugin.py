"""`examples/channel-plugin` as a user gets it: built, put on the path beside tocsin, listed, used, proven."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile

import pytest

from tests.cli.shell import Shell
from tests.house.tree import ROOT, files, text
from tests.servers.http_sink import HttpSink, Reply

EXAMPLE = ROOT / "examples/channel-plugin"
MOST_LINES = 60
SETTINGS = ["--set", "topic=quiet-topic", "--set", "token=tk_s3cret0token"]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A folder of site-packages with the wheel in it; unpacking is all that installing a pure one is."""
    folder = tmp_path_factory.mktemp("plugin")
    source = shutil.copytree(EXAMPLE, folder / "source", ignore=shutil.ignore_patterns("__pycache__"))
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=source, check=True, capture_output=True)
    [wheel] = folder.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(folder / "site")
    return folder / "site"


@pytest.fixture(scope="module")
def shell(site, tmp_path_factory):
    """A migrated home of a tocsin that finds the plugin."""
    made = Shell(tmp_path_factory.mktemp("home"), {
        "PYTHONPATH": str(site), "TOCSIN_ALLOWED_PRIVATE_NETWORKS": "127.0.0.0/8"})  # fmt: skip
    made.run("migrate")
    return made


def test_it_is_small():
    lines = [line for path in files(under="examples/channel-plugin") for line in text(path).splitlines()]
    assert 0 < len([line for line in lines if line.strip()]) < MOST_LINES


def test_it_is_listed_beside_ours(shell):
    [row] = [row for row in shell.json("channels") if row["slug"] == "ntfy"]
    assert row["provider"] == "tocsin-ntfy"
    assert row["schema"]["required"] == ["server", "topic"]
    assert row["schema"]["properties"]["topic"]["writeOnly"]
    assert "ntfy\tntfy\tserver, topic, [token]\t" in shell.run("channels")


def test_wrong_settings_are_refused_early(shell):
    wrong = ["--set", "server=file:///etc/passwd", *SETTINGS]
    assert "settings.server" in shell.refused("destinations", "add", "org:default", "ntfy", *wrong)
    private = ["--set", "server=http://10.0.0.1/", *SETTINGS]
    assert "not a public address" in shell.refused("destinations", "add", "org:default", "ntfy", *private)


def test_a_notification_arrives(shell):
    with HttpSink([Reply(200, b'{"id": "x"}')]) as sink:
        number = shell.run(
            "destinations", "add", "org:default", "ntfy", "--set", f"server={sink.url}", *SETTINGS
        )
        event = shell.run(
            "notify", "drill", "--title", "Down", "--body", "**db1** is down", "--to", f"destination:{number}"
        )
        [seen] = sink.wait_for(1)
    assert json.loads(seen.body) == {"topic": "quiet-topic", "title": "Down", "message": "db1 is down\n"}
    assert seen.headers["authorization"] == "Bearer tk_s3cret0token"
    assert "sent" in shell.run("explain", event)
    shown = shell.run("destinations", "list", "--json") + shell.run("deliveries", "list", "--json")
    assert "quiet-topic" not in shown
    assert "tk_s3cret0token" not in shown


def test_it_runs_among_foreign_code(shell):
    program = (
        "import django; django.setup()\n"
        "from tocsin.channels import registry\n"
        "from tocsin.deliveries import foreign\n"
        "print([slug for slug, channel in registry.channels().items() if foreign.is_foreign(channel)])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=shell.home, check=True, capture_output=True, text=True,
        env=shell.environment | {"DJANGO_SETTINGS_MODULE": "tocsin.server.settings"},
    )  # fmt: skip
    assert "ntfy" in done.stdout
    assert "webhook" not in done.stdout


def test_it_keeps_the_contract(site, tmp_path):
    for path in EXAMPLE.glob("*.py"):
        if path.stem != "tocsin_ntfy":  # what is proven is what was installed
            shutil.copy(path, tmp_path)
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("DJANGO_", "PYTEST_"))
    }
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path)],
        cwd=tmp_path, check=False, capture_output=True, text=True, env=environment | {"PYTHONPATH": str(site)},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr
    assert " passed" in done.stdout
