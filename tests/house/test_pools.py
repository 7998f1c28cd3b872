"""What the examples of pools say is what there is: commands, variables, channels, metrics, and time enough to end."""

from __future__ import annotations

import configparser
import re
import shlex
import shutil
import subprocess
import sys

import pytest
import yaml
from click.testing import CliRunner

from tests.house.tree import ROOT, files, text
from tocsin.channels import registry
from tocsin.cli import cli
from tocsin.engines import DRAIN_SECONDS, PLAN
from tocsin.server.variables import VARIABLES

POOLS = ROOT / "examples/more-machines"
UNIT = POOLS / "tocsin-pool@.service"
ENOUGH = DRAIN_SECONDS + 5


def objects():
    return [
        one
        for path in files(".yaml", under="examples/more-machines")
        for one in yaml.safe_load_all(text(path))
    ]


def of_kind(kind):
    return {one["metadata"]["name"]: one["spec"] for one in objects() if one["kind"] == kind}


def programs():
    found = configparser.ConfigParser(interpolation=None)
    found.read_string(text(POOLS / "supervisord.conf"))
    return [found[name] for name in found.sections() if name.startswith("program:")]


def containers():
    specs = [*of_kind("Deployment").values(), *of_kind("Job").values()]
    return [one for spec in specs for one in spec["template"]["spec"]["containers"]]


def test_every_command_is_one_and_names_channels_that_exist() -> None:
    unit = re.search(r"tocsin (worker --channel) ", text(UNIT))
    lines = [one["command"] for one in containers()] + [shlex.split(one["command"]) for one in programs()]
    assert unit is not None
    for line in lines:
        name, *given = line[1:]
        options = dict(zip(given[::2], given[1::2], strict=True))
        told = CliRunner().invoke(cli, [name, "--help"])
        assert told.exit_code == 0, name
        assert set(options) <= set(re.findall(r"--[a-z]+", told.output))
        assert options.get("--channel", PLAN) in {PLAN, *registry.carriers()}


def test_one_pool_takes_everything() -> None:
    assert ["tocsin", "worker"] in [one["command"] for one in containers()]
    assert "/opt/tocsin/bin/tocsin worker" in [one["command"] for one in programs()]


def test_every_variable_is_read() -> None:
    named = {
        name
        for path in files(under="examples/more-machines")
        for name in re.findall(r"\bTOCSIN_[A-Z_]+", text(path))
    }
    assert named <= set(VARIABLES)


def test_every_metric_is_one() -> None:
    made = set(re.findall(r'"(tocsin_\w+)"', text(ROOT / "src/tocsin/api/metrics.py")))
    pages = [*files(".yaml", under="examples/more-machines"), *files(".md", under="docs/how-to")]
    named = {name for path in pages for name in re.findall(r"\btocsin_[a-z_]+(?=[{\s`)])", text(path))}
    assert named & made
    # The client makes the first of these of its own family; the second is a tag of templates.
    assert named <= made | {"tocsin_info", "tocsin_inbox"}


def test_what_scales_a_pool_names_one() -> None:
    scaled = [one["scaleTargetRef"]["name"] for kind in ("ScaledObject", "HorizontalPodAutoscaler")
              for one in of_kind(kind).values()]  # fmt: skip
    assert scaled
    assert set(scaled) <= set(of_kind("Deployment"))


def test_whoever_is_told_to_end_has_time_to() -> None:
    pods = [spec["template"]["spec"] for spec in of_kind("Deployment").values()]
    assert all(pod["terminationGracePeriodSeconds"] >= ENOUGH for pod in pods)
    assert all(int(one["stopwaitsecs"]) >= ENOUGH for one in programs())
    [seconds] = re.findall(r"^TimeoutStopSec=(\d+)$", text(UNIT), re.MULTILINE)
    assert int(seconds) >= ENOUGH


def test_the_server_is_asked_whether_it_is_alive_and_ready() -> None:
    [server] = of_kind("Deployment")["tocsin-server"]["template"]["spec"]["containers"]
    asked = [server[name]["httpGet"]["path"] for name in ("livenessProbe", "readinessProbe")]
    assert asked == ["/healthz", "/readyz"]


@pytest.mark.parametrize(("pool", "channel"), [("email-2", "email"), ("header_message-11", "header_message")])
def test_an_instance_of_the_unit_is_a_channel_and_a_number(pool, channel) -> None:
    [line] = re.findall(r"^ExecStart=(.*)$", text(UNIT), re.MULTILINE)
    # As systemd reads it: %% is a percent sign, $$ a dollar.
    command = shlex.split(
        line.replace("%%", "%").replace("$$", "$").replace("exec /opt/tocsin/bin/tocsin", "echo")
    )
    done = subprocess.run(
        command, env={"POOL": pool, "PATH": "/usr/bin:/bin"}, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["worker", "--channel", channel]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_systemd_can_load_the_unit(tmp_path) -> None:
    copy = tmp_path / UNIT.name
    copy.write_text(text(UNIT).replace("/opt/tocsin/bin/tocsin", sys.executable))
    done = subprocess.run(["systemd-analyze", "verify", "--recursive-errors=no", copy], capture_output=True,
                          text=True, check=False)  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
