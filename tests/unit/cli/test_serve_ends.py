"""`keepers serve` ends when it is told to, though a thread waits for a database that hangs."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx2

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
        served.send_signal(signal.SIGTERM)
        began = time.monotonic()
        try:
            assert served.wait(30) == 1
        finally:
            served.kill()
    assert time.monotonic() - began < 20
