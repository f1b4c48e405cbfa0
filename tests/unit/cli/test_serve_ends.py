"""`keepers serve` ends when it is told to, though a thread waits for a database that hangs, and is one a project."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx2
import pytest

from keepers.cli.serve import listen
from keepers.domain.errors import ConfigError
from keepers.pipeline.project import project_of
from keepers.service.alone import alone
from keepers.storage.state import State

PROGRAM = """
import sys, threading
from keepers.cli import serve
from keepers.cli.main import main
serve.LATEST = 2.0
# As one that asks a database which answers no more.
threading.Thread(target=threading.Event().wait).start()
sys.argv = ["keepers", "serve", "--port", "0"]
main()
"""


def test_it_ends_though_a_thread_hangs(tmp_path: Path) -> None:
    (tmp_path / "keepers.toml").write_text('[store]\nname = "Tea"\n')
    out = tmp_path / "out.txt"
    with (
        out.open("wb") as said,
        subprocess.Popen([sys.executable, "-c", PROGRAM], cwd=tmp_path, stdout=said, stderr=said) as served,
    ):
        until = time.monotonic() + 90
        while (address := re.search(r"listens at (\S+)", text := out.read_text())) is None:
            assert served.poll() is None, text
            assert time.monotonic() < until, text
            time.sleep(0.1)
        # Answers once it takes signals.
        assert httpx2.get(f"{address[1]}/health/live", timeout=60).status_code == 200
        project = project_of(tmp_path)
        assert project is not None
        with pytest.raises(ConfigError, match=f"is served already, at {address[1]}.*PostgreSQL"):
            listen(project, "127.0.0.1", 0)
        served.send_signal(signal.SIGTERM)
        began = time.monotonic()
        try:
            assert served.wait(30) == 1
        finally:
            served.kill()
    assert time.monotonic() - began < 20


def test_a_project_is_served_again_when_it_is_served_no_more(tmp_path: Path) -> None:
    with State(tmp_path) as state:
        with alone(state) as listens_at, State(tmp_path) as other:
            listens_at("http://127.0.0.1:8765")
            with (
                pytest.raises(ConfigError, match=f"{tmp_path} is served already, at http://127.0.0.1:8765"),
                alone(other),
            ):
                pass
        with alone(state):
            pass
        with pytest.raises(OSError, match="another file"), alone(state):
            raise OSError("another file")
