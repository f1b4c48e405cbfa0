"""`keepers demo --serve`: from nothing to a dashboard whose numbers move, and a good end."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx2


def test_the_demo_ends_with_a_dashboard_on_which_orders_come_in(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "keepers", "demo", "--customers", "120", "--serve", "--port", "0", "--quiet"]
    out = tmp_path / "out.txt"
    with out.open("wb") as said, subprocess.Popen(command, cwd=tmp_path, stdout=said, stderr=subprocess.PIPE) as demo:
        try:
            until = time.monotonic() + 180
            while "Ctrl-C ends it" not in (text := out.read_text()):
                assert demo.poll() is None, text
                assert time.monotonic() < until, text
                time.sleep(0.2)
            address = re.search(r"listens at (\S+)", text)
            known = re.search(r"Sign in as (\S+) with the password (\S+)", text)
            assert address
            assert known
            with httpx2.Client(base_url=address[1], follow_redirects=True, headers={"accept": "text/html"}) as person:
                asked = person.post("/sign-in", data={"email": known[1], "password": known[2]})
                assert "What your customers are worth" in asked.text
                while int(re.search(r"<b>(\d+)</b> received", person.get("/data").text)[1]) < 2:  # type: ignore[index]
                    assert demo.poll() is None
                    assert time.monotonic() < until
                    time.sleep(0.5)
        finally:
            demo.send_signal(signal.SIGINT)
            assert demo.wait(40) == 0
    assert (tmp_path / "keepers-demo" / "report.html").exists()
