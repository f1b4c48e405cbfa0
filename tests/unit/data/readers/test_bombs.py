"""Files that are made to fill the disk or the memory of whoever opens them."""

from __future__ import annotations

import bz2
import gzip
import lzma
import zipfile
from pathlib import Path

import pytest

from keepers.data.connect import open_location
from keepers.data.engine import Engine
from keepers.data.readers import packed
from keepers.domain.errors import InputError

ROWS = b"customer,date\nc1,2026-01-01\n" * 100_000


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is large for a file of a few kilobytes."""
    monkeypatch.setattr(packed, "_LARGE", 10_000)


@pytest.mark.parametrize("kind", ["gz", "bz2", "xz", "zip", "xlsx"])
def test_what_comes_to_far_more_than_its_size_is_refused(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"orders.csv.{kind}"
    if kind in ("zip", "xlsx"):
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
            archive.writestr("xl/workbook.xml" if kind == "xlsx" else "orders.csv", ROWS)
    else:
        path.write_bytes({"gz": gzip, "bz2": bz2, "xz": lzma}[kind].compress(ROWS))
    engine = Engine(threads=1)
    with pytest.raises(InputError, match="more than 200 times its size"):
        open_location(engine, path)
    left = {one.name for one in Path(engine.scratch).rglob("*") if one.is_file()}
    assert left <= {"owner.lock"}
    engine.close()


def test_a_table_that_packs_well_is_read(tmp_path: Path) -> None:
    rows = "".join(f"c{number % 997},2026-01-{number % 28 + 1:02}\n" for number in range(20_000))
    path = tmp_path / "orders.csv.gz"
    path.write_bytes(gzip.compress(f"customer,date\n{rows}".encode()))
    engine = Engine(threads=1)
    (raw,) = open_location(engine, path)
    assert engine.row(f"SELECT count(*) FROM ({raw.sql})") == (20_000,)
    engine.close()


@pytest.mark.parametrize(("place", "value"), [(6, 99), (8, 32), (8, 64)])
def test_an_archive_of_a_kind_that_nobody_writes_is_refused_in_words(tmp_path: Path, place: int, value: int) -> None:
    """Its version, patched data and strong encryption, which Python's reader has no exception of its own for."""
    path = tmp_path / "orders.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("orders.csv", ROWS[:1000])
    written = bytearray(path.read_bytes())
    written[written.rfind(b"PK\x01\x02") + place] = value
    path.write_bytes(written)
    engine = Engine(threads=1)
    with pytest.raises(InputError, match=r"orders.zip is .*damaged.* Download or export it again"):
        open_location(engine, path)
    engine.close()
