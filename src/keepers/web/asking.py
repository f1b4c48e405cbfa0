"""Questions to the database that the server asks from its loop, which a database that hangs may not hold up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from keepers.domain.errors import EngineError
from keepers.storage.state import State

PATIENCE = 5.0
"""Seconds after which whoever asks is told that the database does not answer."""

_AT_ONCE = 8
"""Questions under way; a database that hangs holds no more threads than these."""

_T = TypeVar("_T")


class Asking:
    """Asks a state from within the loop.

    Looking a row up in a file takes less than handing the work to a thread, and never waits for anybody. A server
    may be slow, gone, or hang, so that it is asked by a thread.

    Parameters
    ----------
    state : State
    """

    def __init__(self, state: State) -> None:
        self._where = state.where
        self._threads = None if state.is_file else ThreadPoolExecutor(_AT_ONCE, "keepers-asks")

    async def ask(self, question: Callable[[], _T]) -> _T:
        """The answer to a short question.

        Raises
        ------
        EngineError
            The database does not answer in time, or cannot be reached.
        """
        if self._threads is None:
            return question()
        try:
            return await asyncio.wait_for(asyncio.wrap_future(self._threads.submit(question)), PATIENCE)
        except TimeoutError:
            raise EngineError(
                f"The state ({self._where}) does not answer. Check whether the server of the database is well, and "
                "try again."
            ) from None
