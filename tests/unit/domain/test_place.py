"""What is said of where data lie holds nothing that signs in there."""

from __future__ import annotations

import contextlib

import pytest

from keepers.data.engine import Engine
from keepers.data.read import read
from keepers.domain.errors import InputError
from keepers.domain.place import named_place


@pytest.mark.parametrize(
    "location",
    [
        "postgresql://ada:geheim@127.0.0.1:1/shop#orders", "postgresql://ada:ge/geheim@127.0.0.1:1", "a:b@c.csv",
        "postgresql://127.0.0.1:1/shop?password=geheim#orders", "postgres://ada:a@geheim@127.0.0.1:1/shop",
        "postgresql://ada:geheim#1@127.0.0.1:1/shop", "postgresql://ada:1#geheim@127.0.0.1:1/shop",
        "postgresql://ada:geheim?1@127.0.0.1:1/shop", "postgresql://ada:a@geheim#1@127.0.0.1:1/shop?sslmode=require",
        "postgresql://127.0.0.1:1/shop?user=ada@home&password=geheim#orders",
    ],
)  # fmt: skip
def test_no_password_is_shown_while_data_are_read(location: str) -> None:
    said: list[str] = []

    def progress(step: str, _: float | None = None) -> None:
        said.append(step)

    with contextlib.closing(Engine(threads=1)) as engine, pytest.raises(InputError) as refused:
        read(location, engine=engine, progress=progress)
    assert said
    assert "geheim" not in " ".join([*said, str(refused.value)])


def test_paths_are_shown_as_they_are() -> None:
    for path in ("sqlite:///home/a@b/shop.db#orders", "/data/a:b/orders?.csv", "orders#1.csv", "{env:SHOP}"):
        assert named_place(path) == path
