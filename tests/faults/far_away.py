"""Another machine: a network namespace with a cable of its own to this one, which can be cut in silence."""

from __future__ import annotations

import ctypes
import os
import random
import shutil
import subprocess
from typing import Self

CLONE_NEWNET = 0x40000000
NOBODY = "02:00:00:00:00:01"
"""A hardware address that none of the two has: what is sent to it is never answered, not even by a refusal."""


def why_not() -> str:
    """Why no such machine can be made here; empty where it can."""
    if os.geteuid() != 0:
        return "only root may make a network of its own"
    if not shutil.which("ip"):
        return "ip is not installed"
    try:
        with FarAway():
            return ""
    except subprocess.CalledProcessError as error:
        return f"this machine allows no network of its own: {error.stderr.strip()}"


class FarAway:
    """`with FarAway() as machine:` reaches this one at `machine.near`, and its own address is `machine.far`."""

    def __init__(self) -> None:
        number = random.SystemRandom().randrange(2**15)
        self.name = f"tocsin{number}"
        first = f"198.{18 + number // 2**14}.{number // 64 % 256}.{number % 64 * 4}"
        self.network = f"{first}/30"
        self.near, self.far = (f"{first.rpartition('.')[0]}.{number % 64 * 4 + one}" for one in (1, 2))
        self._ends = f"near{number}", f"far{number}"

    def __enter__(self) -> Self:
        near, far = self._ends
        _ip(f"netns add {self.name}")
        try:
            _ip(f"link add {near} type veth peer name {far} netns {self.name}")
            _ip(f"address add {self.near}/30 dev {near}")
            _ip(f"link set {near} up")
            for order in ("link set lo up", f"address add {self.far}/30 dev {far}", f"link set {far} up"):
                _ip(f"-n {self.name} {order}")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        _ip(f"netns delete {self.name}")  # and with it the cable

    def cut(self) -> None:
        """Nothing gets through any more, in either direction, and nobody is told."""
        near, far = self._ends
        _ip(f"neighbour replace {self.far} dev {near} lladdr {NOBODY} nud permanent")
        _ip(f"-n {self.name} neighbour replace {self.near} dev {far} lladdr {NOBODY} nud permanent")

    def heal(self) -> None:
        """As it was before."""
        near, far = self._ends
        _ip(f"neighbour delete {self.far} dev {near}")
        _ip(f"-n {self.name} neighbour delete {self.near} dev {far}")


def move_to(name: str) -> None:
    """Let this process, which has one thread and no connections, be on that machine from now on."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open(f"/run/netns/{name}") as place:
        if libc.setns(place.fileno(), CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), f"setns to {name}")


def _ip(order: str) -> None:
    subprocess.run(["ip", *order.split()], check=True, capture_output=True, text=True)
