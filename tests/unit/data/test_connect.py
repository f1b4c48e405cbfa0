"""Locations: files, folders, patterns, packed files; and what is said where nothing can be read."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import sys
import zipfile
from pathlib import Path

import pytest

from keepers.data.connect import open_location
from keepers.data.engine import Engine
from keepers.domain.errors import EngineError, InputError, MissingExtraError

SHARED_ENGINE = Engine(threads=1)
ORDERS = "id,amount\n1,2.50\n2,3.00\n"
EXPORTS = Path(__file__).parents[4] / "shared" / "data" / "exports"


@pytest.fixture
def engine() -> Engine:
    return SHARED_ENGINE


def _write(folder: Path, **files: str | bytes) -> Path:
    for name, content in files.items():
        path = folder / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def test_a_folder_gives_all_its_tables_in_order(engine: Engine, tmp_path: Path) -> None:
    _write(
        tmp_path,
        b_dot_csv=ORDERS,
        a_dot_tsv=ORDERS.replace(",", "\t"),
        sub__c_dot_csv=ORDERS,
        _dot_hidden_dot_csv=ORDERS,
        _dot_git__x_dot_csv=ORDERS,
        readme_dot_md="# no table",
        letter_dot_txt="Dear Sir,\nno table\n",
        none_dot_csv="id,amount\n",
        package_dot_json="[1, 2]",
    )
    _write(tmp_path, **{"keepers-result__customers_dot_csv": ORDERS, "~$book_dot_xlsx": b"PK"})
    _write(tmp_path, old__summary_dot_json="{}", old__customers_dot_parquet=b"PAR1", old__customers_dot_csv=ORDERS)
    raws = open_location(engine, tmp_path)
    assert [raw.source for raw in raws] == ["a.tsv", "b.csv", os.path.join("sub", "c.csv")]
    told = [note for note in raws[0].notes if note.startswith("Passed over")]
    assert len(told) == 3
    assert any("letter.txt" in note for note in told)
    assert any("none.csv has a header line and no rows" in note for note in told)


def test_a_broken_file_in_a_folder_is_not_passed_over(engine: Engine, tmp_path: Path) -> None:
    _write(tmp_path, a_dot_csv=ORDERS, b_dot_csv=b"%PDF-1.7")
    with pytest.raises(InputError, match=r"b.csv is a PDF document"):
        open_location(engine, tmp_path)


def test_patterns_and_a_home_folder(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _write(
        tmp_path, orders_2_dot_csv=ORDERS, orders_1_dot_csv=ORDERS, other_dot_csv=ORDERS, sub__orders_3_dot_csv=ORDERS
    )
    assert [Path(raw.source).name for raw in open_location(engine, f"{tmp_path}/orders_*.csv")] == [
        "orders_1.csv",
        "orders_2.csv",
    ]
    assert len(open_location(engine, f"{tmp_path}/**/orders_*.csv")) == 3
    monkeypatch.setenv("HOME", str(tmp_path))
    assert open_location(engine, "~/other.csv")[0].rows == 2


def test_signs_in_file_names_are_no_pattern_and_no_table(engine: Engine, tmp_path: Path) -> None:
    for name in ("orders [1].csv", "orders #2.csv", 'it\'s "x".csv', "größe.csv", "a*b.csv"):
        (tmp_path / name).write_text(ORDERS)
        assert open_location(engine, tmp_path / name)[0].source == name


@pytest.mark.parametrize(("pack", "suffix"), [(gzip.compress, ".gz"), (bz2.compress, ".bz2"), (lzma.compress, ".xz")])
def test_packed_files(engine: Engine, tmp_path: Path, pack, suffix: str) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / f"orders.csv{suffix}"
    path.write_bytes(pack(ORDERS.encode("utf-16")))
    (raw,) = open_location(engine, path)
    assert (raw.source, raw.kind, engine.rows(f"{raw.sql} ORDER BY _row")) == (
        path.name,
        "delimited",
        [(2, "1", "2.50"), (3, "2", "3.00")],
    )
    path.write_bytes(pack(ORDERS.encode() * 1000)[:-12])
    with pytest.raises(InputError, match=f"orders.csv{suffix} is damaged"):
        open_location(engine, path)


def _zip(path: Path, **members: str | bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/").replace("_dot_", "."), content)
    return path


def test_zip_archives(engine: Engine, tmp_path: Path) -> None:
    parquet = tmp_path / "p.parquet"
    engine.execute(f"COPY (SELECT 7 AS id, 8 AS amount) TO '{parquet}' (FORMAT parquet)")
    path = _zip(
        tmp_path / "shop.zip",
        b_dot_csv=ORDERS,
        sub__a_dot_csv_dot_gz=gzip.compress(ORDERS.encode()),
        p_dot_parquet=parquet.read_bytes(),
        readme_dot_md="no table",
        none_dot_csv="",
    )
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("__MACOSX/._b.csv", b"\0\0")
    raws = open_location(engine, path)
    assert [raw.source for raw in raws] == ["shop.zip/b.csv", "shop.zip/p.parquet", "shop.zip/sub/a.csv.gz"]
    assert engine.rows(raws[1].sql) == [(1, 7, 8)]
    assert "Passed over: shop.zip/none.csv is empty" in raws[0].notes[0]


def test_zip_archives_that_cannot_be_read(engine: Engine, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none.zip has no table"):
        open_location(engine, _zip(tmp_path / "none.zip", readme_dot_md="x"))
    whole = _zip(
        tmp_path / "whole.zip", a_dot_csv="id,key\n" + "".join(f"{n},{hash(n * 7919) % 997}\n" for n in range(300))
    ).read_bytes()
    (tmp_path / "cut.zip").write_bytes(whole[:-30])
    with pytest.raises(InputError, match=r"cut.zip is a damaged zip archive"):
        open_location(engine, tmp_path / "cut.zip")
    spoiled = bytearray(whole)
    spoiled[60:90] = b"\xff" * 30
    (tmp_path / "spoiled.zip").write_bytes(bytes(spoiled))
    with pytest.raises(InputError, match=r"spoiled.zip is damaged"):
        open_location(engine, tmp_path / "spoiled.zip")
    odd = bytearray(_zip(tmp_path / "odd.zip", a_dot_csv=ORDERS).read_bytes())
    odd[8], odd[odd.index(b"PK\x01\x02") + 10] = 99, 99
    (tmp_path / "odd.zip").write_bytes(bytes(odd))
    with pytest.raises(InputError, match=r"odd.zip is packed in a way that cannot be read here"):
        open_location(engine, tmp_path / "odd.zip")
    locked = bytearray(_zip(tmp_path / "locked.zip", a_dot_csv=ORDERS).read_bytes())
    locked[6] |= 1
    locked[locked.index(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "locked.zip").write_bytes(bytes(locked))
    with pytest.raises(InputError, match=r"locked.zip is protected by a password"):
        open_location(engine, tmp_path / "locked.zip")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"%PDF-1.7\n...", "is a PDF document, not a table"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 50, r"is a picture \(PNG\)"),
        (b"\xff\xd8\xff\xe0" + b"\0" * 50, r"is a picture \(JPEG\)"),
        (b"\x28\xb5\x2f\xfd" + b"\0" * 50, "compressed with Zstandard"),
        (b"Rar!\x1a\x07\x01\x00" + b"\0" * 50, "a RAR archive"),
        (bytes(range(256)) * 20, "a binary file of an unknown kind"),
        (b"\0" * 5000, "a binary file of an unknown kind"),
        (b"<!DOCTYPE html><html><body>Sign in</body></html>", "is a web page"),
        (b"<html><table><tr><td>1</td></tr></table>", "is a web page"),
        (b"<?xml version='1.0'?><orders/>", "or XML"),
        (b"", "is empty"),
        (b"PK\x03\x04 broken", "damaged zip archive"),
    ],
)
def test_files_that_hold_no_table(engine: Engine, tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "orders.csv").write_bytes(content)
    with pytest.raises(InputError, match=f"^orders.csv.*{words}"):
        open_location(engine, tmp_path / "orders.csv")


def test_an_office_document_is_no_table(engine: Engine, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"Office document"):
        open_location(engine, _zip(tmp_path / "letter.docx", word__document_dot_xml="<x/>"))


def test_places_where_nothing_is(engine: Engine, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"orders.csv does not exist. Check the name"):
        open_location(engine, tmp_path / "orders.csv")
    with pytest.raises(InputError, match=r"No file is named like"):
        open_location(engine, f"{tmp_path}/*.csv")
    with pytest.raises(InputError, match=r"has no file that can be read"):
        open_location(engine, tmp_path)
    _write(tmp_path, a_dot_csv="", b_dot_txt="hello\n")
    with pytest.raises(InputError, match=r"has no table that can be read. a.csv is empty.*b.txt: no columns"):
        open_location(engine, tmp_path)
    for url in ("https://example.com/orders.csv", "s3://bucket/orders.csv", "mysql://host/db"):
        with pytest.raises(InputError, match=r"cannot be read. Download the file"):
            open_location(engine, url)


def test_a_file_that_may_not_be_read(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "orders.csv"
    path.write_text(ORDERS)
    if os.geteuid() == 0:
        # The superuser may read everything: let the operating system's refusal come from where the file is opened.
        def refuse(*_: object, **__: object) -> None:
            raise PermissionError(13, "Permission denied", str(path))

        monkeypatch.setattr(Path, "open", refuse)
    else:
        path.chmod(0)
    with pytest.raises(InputError, match=r"orders.csv may not be read: permission denied"):
        open_location(engine, path)


def test_a_full_disk_is_told_in_words(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "orders.csv.gz"
    path.write_bytes(gzip.compress(ORDERS.encode()))

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("keepers.data.readers.packed._pour", full)
    with pytest.raises(EngineError, match=r"The disk is full.*TMPDIR"):
        open_location(engine, path)


def test_postgresql_without_its_driver(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'keepers\[postgres\]'"):
        open_location(engine, "postgresql://ada@localhost/shop#orders")


@pytest.mark.skipif(not EXPORTS.is_dir(), reason="samples of vendors' exports stand beside the checkout only")
def test_every_sample_export_reads_whole(engine: Engine) -> None:
    raws = open_location(engine, EXPORTS)
    files = [path for path in EXPORTS.rglob("*.*") if path.suffix != ".md"]
    assert len(raws) == len(files) >= 20
    assert all(raw.rows and raw.header and not raw.rejected_count for raw in raws)
