"""What an engine must be able to do, whichever it is; everything else of the data's way is one set of SQL."""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

Parameters = Mapping[str, Any] | Sequence[Any]
"""Values of a statement by name, written ``$name`` in it, or in order, written ``$1`` and so on."""


@dataclass(frozen=True, slots=True)
class SourceTable:
    """A table that stays where its owner keeps it.

    Parameters
    ----------
    name : str
        As its owner writes it, to be shown.
    relation : str
        The same as SQL of the engine's own dialect.
    columns : dict of str to str
        Names of its columns, and their types in the words of `keepers.domain.columns`: VARCHAR, DATE, TIMESTAMP,
        DECIMAL, DOUBLE, BIGINT, BOOLEAN; ``TIMESTAMPTZ`` for moments with a zone; the engine's own word for others.
    """

    name: str
    relation: str
    columns: dict[str, str]


class Backend(ABC):
    """One kind of engine.

    Statements come in DuckDB's dialect, as the templates are written; a backend runs them as they are or translated.
    Tables that it makes are working tables: they are its session's own and go with it.

    Another engine is a subclass in a package of its own, named by the scheme of its URLs in the entry point group
    ``keepers.engines``; the entry point is called with the URL and the options of ``[engine]``.

    Attributes
    ----------
    label : str
        The engine as people call it.
    address : str
        Where it is, without password, to be shown.
    rows_fetched : int
        Rows that left the engine for this process so far.
    """

    label: str
    address: str
    rows_fetched: int = 0

    @abstractmethod
    def execute(self, sql: str, parameters: Parameters | None = None) -> None:
        """Run a statement that gives no rows."""

    @abstractmethod
    def rows(self, sql: str, parameters: Parameters | None = None) -> list[tuple[Any, ...]]:
        """All rows of a small result: whole numbers as int, decimals as Decimal, days as date."""

    @abstractmethod
    def columns(self, sql: str, parameters: Parameters | None = None) -> dict[str, NDArray[Any]]:
        """A result as NumPy columns: decimals floating, days as datetime64, empty numbers NaN, empty texts None."""

    @abstractmethod
    def create_table(self, name: str, query: str, parameters: Parameters | None = None) -> None:
        """Make or replace a working table of a query's rows."""

    @abstractmethod
    def create_view(self, name: str, query: str) -> None:
        """Give a query a name; it is computed whenever somebody asks."""

    @abstractmethod
    def upload(self, name: str, columns: Mapping[str, Any]) -> None:
        """Make or replace a working table of NumPy columns of equal length; NaN, NaT and None become NULL."""

    @abstractmethod
    def drop(self, name: str) -> None:
        """Forget a working table or a view, where there is one."""

    @abstractmethod
    def described(self, name: str) -> list[tuple[str, str]]:
        """Names and types of the columns of a working table or view, in order."""

    @abstractmethod
    def source(self, name: str) -> SourceTable:
        """Look up a table of the owner's.

        Raises
        ------
        InputError
            It is not there, or may not be read.
        """

    @abstractmethod
    def view_source(self, view: str, source: SourceTable, columns: Mapping[str, str]) -> None:
        """Make a view of some columns of an owner's table, given by the view's name for each."""

    @abstractmethod
    def prepare_results(self) -> None:
        """Make sure, before long work, that results can be kept.

        Raises
        ------
        EngineError
            They cannot; the text says who has to allow it.
        """

    @abstractmethod
    def publish(self, tables: Mapping[str, str], run: str) -> dict[str, str]:
        """Keep queries' rows as tables for others, in place of an earlier run's: all of them, or none.

        Parameters
        ----------
        tables : mapping of str to str
            What others call each, and its rows as a query.
        run : str
            Name of the run: ``20260501t120000_`` and six hexadecimal digits.

        Returns
        -------
        dict of str to str
            Where each stands, to be shown.
        """

    @contextlib.contextmanager
    def steady(self) -> Iterator[None]:
        """See the owner's tables as they are now meanwhile, where the engine can; what fails within leaves nothing."""
        yield

    @abstractmethod
    def close(self) -> None:
        """End the session and forget its working tables."""
