"""What is built from this folder is whole."""

from __future__ import annotations

import subprocess
import sys
import zipfile

from tests.house.tree import ROOT, files


def test_the_wheel_carries_every_file_of_the_package(tmp_path):
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT, check=True, capture_output=True,
    )  # fmt: skip
    [wheel] = tmp_path.glob("*.whl")
    packed = {n for n in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in n}
    kept = {str(p.relative_to(ROOT / "src")) for p in files(under="src")}
    compiled = {name.removesuffix(".po") + ".mo" for name in kept if name.endswith(".po")}
    assert compiled
    assert packed == kept | compiled
