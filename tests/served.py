"""A small shop with a running system, for tests that ask it or look at it."""

from __future__ import annotations

import datetime as dt
import shutil
from functools import cache
from pathlib import Path

from keepers.domain.access import Role, Scope
from keepers.pipeline.options import RunOptions
from keepers.pipeline.project import Project
from keepers.pipeline.run import run
from keepers.pipeline.serving import serve_result
from keepers.storage.state import State
from keepers.web.secrets import hash_password, new_token, token_hash
from keepers.web.site import Site
from shop import shop_orders

NOW = dt.datetime(2023, 7, 1, 12, tzinfo=dt.UTC)
OWNER, VIEWER, PASSWORD = "ada@example.com", "vic@example.com", "correct horse battery"
SCOPES = {"all": frozenset(Scope), "read": frozenset({Scope.READ}), "ingest": frozenset({Scope.INGEST})}


def served_result(folder: Path) -> Path:
    """A folder of results, and beside it the orders it was made of."""
    orders = shop_orders(300, 400)
    columns = "customer_key AS customer, day AS date, order_id, amount"
    orders.engine.execute(
        f"COPY (SELECT {columns}, 'p' || customer_key || '@x.example' AS email FROM {orders.name}) "
        f"TO '{folder / 'orders.csv'}' (HEADER)"
    )
    options = RunOptions(
        into=folder / "result", model="bg-nbd", backtest=False, report=False, keep=True, result_columns="all"
    )  # fmt: skip
    run([str(folder / "orders.csv")], options)
    return folder / "result"


def open_site(result: Path, project: Path, state: State) -> tuple[Site, dict[str, str]]:
    """A site that serves a copy of the result, with an owner, a viewer, and a token of every kind."""
    shutil.copytree(result, project / "result")
    serve_result(state, project / "result", 0, NOW)
    sources = (str(result.parent / "orders.csv"),)
    site = Site(Project(project, sources=sources, name="Tea & Pots"), state, clock=lambda: NOW)
    tokens = {name: new_token() for name in SCOPES}
    with state.writing() as books:
        books.users.add(OWNER, _kept(), Role.OWNER, NOW)
        books.users.add(VIEWER, _kept(), Role.VIEWER, NOW)
        for name, token in tokens.items():
            books.users.add_token(name, token_hash(token), SCOPES[name], OWNER, NOW)
    return site, tokens


@cache
def _kept() -> str:
    """The password as it is kept; hashing takes its time on purpose."""
    return hash_password(PASSWORD)
