"""Calls of a simulated shop, sent to a running system as a real shop would send them."""

from __future__ import annotations

import base64
import datetime as dt
import json
import logging
import threading
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator

from keepers.simulate.onward import Call

_LOG = logging.getLogger("keepers.service")

GAP = 3.0
"""Seconds between two orders on average: the time of the shop passes as fast as that."""

_LONGEST = 15.0
_TRIES_EVERY = 5.0


class Shop(threading.Thread):
    """Sends calls until stopped.

    Parameters
    ----------
    address : str
        Of the running system.
    key : str
        A write key.
    calls : iterator of Call
    day : float
        Seconds in which a day of the shop passes.
    """

    def __init__(self, address: str, key: str, calls: Iterator[Call], day: float) -> None:
        super().__init__(name="simulated shop", daemon=True)
        self._address = address
        self._key = base64.b64encode(f"{key}:".encode()).decode()
        self._calls = calls
        self._day = day
        self._stopped = threading.Event()
        self.sent = 0

    def stop(self) -> None:
        """Send no more."""
        self._stopped.set()

    def run(self) -> None:
        """Until stopped."""
        for call in self._calls:
            if self._stopped.wait(min(call.days * self._day, _LONGEST)):
                return
            body = {**call.body, "messageId": uuid.uuid4().hex, "timestamp": dt.datetime.now(dt.UTC).isoformat()}
            while not self._sent(call.kind, body):
                if self._stopped.wait(_TRIES_EVERY):
                    return
            self.sent += 1

    def _sent(self, kind: str, body: dict[str, object]) -> bool:
        request = urllib.request.Request(
            f"{self._address}/v1/{kind}", json.dumps(body).encode(), method="POST",
            headers={"Content-Type": "application/json", "Authorization": f"Basic {self._key}"},
        )  # fmt: skip
        try:
            with urllib.request.urlopen(request, timeout=30):
                return True
        except urllib.error.HTTPError as error:
            _LOG.warning("The simulated shop was refused: %s", error)
            return 400 <= error.code < 500 and error.code != 429
        except OSError:
            return False
