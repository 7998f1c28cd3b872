"""Processes of the warm Python are as real as those of `subprocess`."""

from __future__ import annotations

import os
import signal
import subprocess

import pytest

from tests.warm import warm


def python(tmp_path, code, *arguments, given=b"", **env):
    return warm().run(["-c", code, *arguments], env={**os.environ, **env}, cwd=tmp_path, given=given)


def test_it_has_arguments_environment_folder_and_input(tmp_path):
    code = "import os, sys; print(sys.argv[1:], os.environ['WHO'], os.getcwd(), sys.stdin.read())"
    done = python(tmp_path, code, "a b", "-c", given=b"x" * 100_000, WHO="ana")
    assert done.stdout.decode() == f"['a b', '-c'] ana {tmp_path} {'x' * 100_000}\n"
    assert (done.stderr, done.returncode) == (b"", 0)


def test_nothing_of_ours_or_of_an_earlier_one_is_in_it(tmp_path):
    code = (
        "import os, sys; os.environ['LEFT'] = 'x'; import tocsin.conf, decimal; sys.modules['left'] = decimal"
    )
    assert python(tmp_path, code).returncode == 0
    code = "import os, sys; print([m for m in sys.modules if m.startswith(('tocsin', 'left'))], 'LEFT' in os.environ)"
    assert python(tmp_path, code).stdout == b"[] False\n"


def test_it_ends_as_any_python(tmp_path):
    code = (
        "import atexit, threading, time\n"
        "atexit.register(print, 'last')\n"
        "threading.Thread(target=lambda: (time.sleep(0.1), print('thread'))).start()\n"
        "raise SystemExit('no')\n"
    )
    done = python(tmp_path, code)
    assert (done.stdout, done.stderr, done.returncode) == (b"thread\nlast\n", b"no\n", 1)


def test_files_are_its_own(tmp_path):
    """A descriptor that the warm Python closes late would be closed under whoever has its number by then."""
    code = (
        "import gc, os\n"
        "one = os.open('kept', os.O_CREAT | os.O_WRONLY)\n"
        "gc.collect()\n"
        "os.write(one, b'x')\n"
        "print(one)\n"
    )
    with warm().start(["-c", "input()"], dict(os.environ), tmp_path):  # one more is there meanwhile
        done = python(tmp_path, code)
    assert (done.returncode, done.stdout) == (0, b"3\n"), done.stderr


def test_a_signal_is_its_end(tmp_path):
    with warm().start(["-c", "input()"], dict(os.environ), tmp_path) as process:
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.01)
        assert process.poll() is None
        process.terminate()
        assert process.wait(30) == -signal.SIGTERM


def test_who_writes_for_it_is_waited_for(tmp_path):
    code = (
        "import subprocess; subprocess.Popen(['sh', '-c', 'sleep 0.2; echo late']); print('soon', flush=True)"
    )
    assert python(tmp_path, code).stdout == b"soon\nlate\n"


def test_short_ones_are_told_apart(tmp_path):
    assert [python(tmp_path, f"raise SystemExit({n})").returncode for n in range(40)] == list(range(40))
