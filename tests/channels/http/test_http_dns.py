"""The seam and a resolver that lies, changes its mind, fails or is silent: the real resolver of the system, and
every address of the internet, in namespaces of our own (root only).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PUBLIC = {"93.184.215.14", "2606:4700:4700::1111"}
SEAL = """
mount -t tmpfs none /run
mount --bind "$0/resolv.conf" /etc/resolv.conf
mount --bind "$0/nsswitch.conf" /etc/nsswitch.conf
exec "$@"
"""


def _why_not() -> str:
    if os.geteuid() != 0:
        return "only root may make a network of its own"
    if not shutil.which("unshare") or not shutil.which("ip"):
        return "unshare and ip are not installed"
    tried = subprocess.run(["unshare", "--mount", "--net", "true"], capture_output=True, check=False)
    return "" if tried.returncode == 0 else "this machine allows no namespaces"


@pytest.fixture(scope="module")
def scenes(tmp_path_factory):
    """What happened in the sealed network."""
    if reason := _why_not():
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("sealed")
    (folder / "resolv.conf").write_text("nameserver 127.0.0.1\noptions timeout:3 attempts:1\n")
    (folder / "nsswitch.conf").write_text("hosts: files dns\n")
    program = [sys.executable, "-m", "tests.channels.http.sealed_network", str(folder / "found.json")]
    subprocess.run(
        ["unshare", "--mount", "--net", "sh", "-ec", SEAL, str(folder), *program],
        check=True,
        timeout=120,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (ROOT, ROOT / "src")))},
    )
    return json.loads((folder / "found.json").read_text())


def outcomes(scenes, name):
    """What was answered in a scene in which no address was reached but public ones."""
    scene = scenes[name]
    assert set(scene["hits"]) <= PUBLIC
    return scene["outcomes"]


def test_every_address_leads_to_a_canary(scenes):
    assert outcomes(scenes, "rig") == ["sent"] * 3
    assert set(scenes["rig"]["hits"]) == PUBLIC
    assert outcomes(scenes, "public names") == ["sent"] * 2


@pytest.mark.parametrize("name", ["corpus", "corpus misjudged"])
def test_no_url_of_the_corpus_reaches_anything(scenes, name):
    assert "sent" not in outcomes(scenes, name)
    assert scenes[name]["hits"] == []


def test_names_of_private_addresses_are_blocked(scenes):
    assert set(outcomes(scenes, "names")) == {"address_blocked"}
    assert scenes["names"]["hits"] == []


def test_a_name_that_changes_its_mind_leads_to_public_addresses_only(scenes):
    found = [outcome for number in range(4) for outcome in outcomes(scenes, f"flapping {number}")]
    assert found == ["sent", "address_blocked"] * 2


@pytest.mark.parametrize("name", ["public-first", "private-first", "both-families"])
def test_of_a_mixed_answer_only_the_public_part_is_used(scenes, name):
    assert outcomes(scenes, name) == ["sent"]
    assert scenes[f"{name}, public one closed"]["outcomes"][0] in ("address_blocked", "refused")
    assert scenes[f"{name}, public one closed"]["hits"] == []


def test_a_redirect_to_the_metadata_of_the_machine_is_not_followed(scenes):
    assert outcomes(scenes, "redirect") == ["redirect"]


def test_a_name_that_does_not_exist_today_may_exist_tomorrow(scenes):
    assert outcomes(scenes, "errors") == ["dns", "dns"]


def test_a_resolver_that_is_silent_ends_with_the_deadline_and_holds_nobody(scenes):
    assert outcomes(scenes, "silence") == ["timeout", "sent"]
    assert scenes["silence"]["took"] < 2.5, "the resolver itself would give up after 3 s"


def test_many_silent_names_hold_up_no_host_that_was_found_before(scenes):
    *silent, known = outcomes(scenes, "much silence")
    assert known == "sent"
    assert set(silent) == {"timeout", "busy"}


def test_hosts_that_hang_hold_up_no_name_that_is_new(scenes):
    *hanging, fresh = outcomes(scenes, "new names that hang")
    assert fresh == "sent"
    assert "timeout" in hanging


def test_a_new_name_gets_a_quarter_of_the_slots_like_any_host(scenes):
    found = outcomes(scenes, "a burst to a new name")
    assert found.count("timeout") == len(scenes["a burst to a new name"]["hits"]) == 16
    assert set(found) == {"timeout", "busy"}
