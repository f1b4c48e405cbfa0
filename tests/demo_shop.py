"""`keepers demo --serve` as a person starts it, looks at it and ends it."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import httpx2


@dataclass(frozen=True)
class ServedDemo:
    """What was seen of it: the folder of results, the first page, how many events came in, and the exit code."""

    folder: Path
    first_page: str
    received: int
    code: int


def served_demo(home: Path, customers: int) -> ServedDemo:
    """From nothing to a dashboard on which orders come in, and to its end by Ctrl-C; the folder is `demo`."""
    words = ["--customers", str(customers), "--into", "demo", "--serve", "--port", "0", "--quiet"]
    out = home / "out.txt"
    with (
        out.open("wb") as said,
        subprocess.Popen([sys.executable, "-m", "keepers", "demo", *words], cwd=home, stdout=said) as demo,
    ):
        try:
            until = time.monotonic() + 240
            while "Ctrl-C ends it" not in (text := out.read_text()):
                assert demo.poll() is None, text
                assert time.monotonic() < until, text
                time.sleep(0.2)
            address = re.search(r"listens at (\S+)", text)
            known = re.search(r"Sign in as (\S+) with the password (\S+)", text)
            assert address
            assert known
            with httpx2.Client(base_url=address[1], follow_redirects=True, headers={"accept": "text/html"}) as person:
                first = person.post("/sign-in", data={"email": known[1], "password": known[2]}).text
                received = 0
                while received < 2:
                    assert demo.poll() is None
                    assert time.monotonic() < until
                    time.sleep(0.5)
                    found = re.search(r"<b>(\d+)</b> received", person.get("/data").text)
                    received = int(found[1]) if found else 0
        finally:
            demo.send_signal(signal.SIGINT)
            code = demo.wait(60)
    return ServedDemo(home / "demo", first, received, code)
