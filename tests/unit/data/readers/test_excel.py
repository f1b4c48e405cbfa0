"""Sheets become text tables: dates in ISO form, numbers as the sheet shows them, rows by their number in the sheet."""

from __future__ import annotations

import datetime as dt
import zipfile
from pathlib import Path

import openpyxl
import pytest

from keepers.data.connect import open_location
from keepers.data.engine import Engine
from keepers.domain.errors import InputError

SHARED_ENGINE = Engine(threads=1)


@pytest.fixture
def engine() -> Engine:
    return SHARED_ENGINE


def _book(path: Path, **sheets: list[list[object]]) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


def test_cells_of_every_kind(engine: Engine, tmp_path: Path) -> None:
    path = _book(
        tmp_path / "orders.xlsx",
        Orders=[
            ["Id", "Day", "At", "Total", "Sum", "Paid", "Note", "Time"],
            [
                7210448301122,
                dt.date(2026, 1, 31),
                dt.datetime(2026, 1, 31, 10, 5, 6),
                12.5,
                0.1 + 0.2,
                True,
                "a",
                dt.time(10, 5),
            ],
            ["'0012", None, None, 1234567.89, 1e-7, False, 'two\nlines, and "more"', None],
        ],
    )
    (raw,) = open_location(engine, path)
    assert (raw.source, raw.kind, raw.first_row, raw.rows, raw.typed) == ("orders.xlsx", "excel", 2, 2, False)
    first, second = engine.rows(f"{raw.sql} ORDER BY _row")
    assert first == (2, "7210448301122", "2026-01-31", "2026-01-31 10:05:06", "12.5", "0.3", "true", "a", "10:05:00")
    assert second == (3, "'0012", None, None, "1234567.89", "0.0000001", "false", 'two\nlines, and "more"', None)


def test_titles_above_blank_rows_between_and_a_total_below(engine: Engine, tmp_path: Path) -> None:
    rows: list[list[object]] = [
        ["Sales report"],
        [],
        [None, "Id", "Day", "Total"],
        [None, 1, dt.date(2026, 1, 1), 5],
        [],
        [None, 2, dt.date(2026, 1, 2), 6],
        [None, "Total", None, 11],
    ]
    (raw,) = open_location(engine, _book(tmp_path / "r.xlsx", Report=rows))
    assert (raw.first_row, raw.rows, raw.totals) == (4, 3, (7,))
    assert [row[0] for row in engine.rows(f"{raw.sql} ORDER BY _row")] == [4, 6, 7]
    assert set(raw.columns) >= {"Id", "Day", "Total"}
    assert "before the header" in raw.notes[0]


def test_every_sheet_that_is_a_table(engine: Engine, tmp_path: Path) -> None:
    table: list[list[object]] = [["Id", "Total"], [1, 5], [2, 6]]
    path = _book(
        tmp_path / "b.xlsx", Orders=table, Cover=[["Welcome"]], Empty=[], Customers=[["Id", "Email"], [1, "a@b.co"]]
    )
    assert [raw.source for raw in open_location(engine, path)] == ["b.xlsx, sheet Orders", "b.xlsx, sheet Customers"]
    assert [raw.source for raw in open_location(engine, f"{path}#customers")] == ["b.xlsx, sheet Customers"]
    with pytest.raises(InputError, match=r"no table 'Nowhere'. There are: Orders, Cover"):
        open_location(engine, f"{path}#Nowhere")


def test_hidden_sheets_are_read_only_when_named(engine: Engine, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for name in ("Seen", "Hidden"):
        sheet = book.create_sheet(name)
        for row in (["Id", "Total"], [1, 5]):
            sheet.append(row)
    book["Hidden"].sheet_state = "hidden"
    book.save(tmp_path / "h.xlsx")
    assert len(open_location(engine, tmp_path / "h.xlsx")) == 1
    assert open_location(engine, f"{tmp_path / 'h.xlsx'}#Hidden")[0].rows == 1


def test_a_sheet_that_does_not_begin_in_the_corner(engine: Engine, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    for row, cells in enumerate((["Id", "Total"], [1, 5], [2, 6]), start=5):
        for column, cell in enumerate(cells, start=3):
            sheet.cell(row, column, cell)
    book.save(tmp_path / "c.xlsx")
    (raw,) = open_location(engine, tmp_path / "c.xlsx")
    assert raw.first_row == 6
    assert [row[0] for row in engine.rows(f"{raw.sql} ORDER BY _row")] == [6, 7]


def test_a_workbook_by_another_name(engine: Engine, tmp_path: Path) -> None:
    path = _book(tmp_path / "orders.xlsx", Orders=[["Id", "Total"], [1, 5]])
    (raw,) = open_location(engine, path.rename(tmp_path / "orders.csv"))
    assert raw.kind == "excel"


def test_workbooks_that_cannot_be_read(engine: Engine, tmp_path: Path) -> None:
    whole = _book(tmp_path / "whole.xlsx", Orders=[["Id", "Total"], [1, 5]]).read_bytes()
    (tmp_path / "cut.xlsx").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=r"cut.xlsx is a damaged workbook. Download or export it again"):
        open_location(engine, tmp_path / "cut.xlsx")

    with zipfile.ZipFile(tmp_path / "odd.xlsx", "w") as odd:
        odd.writestr("xl/workbook.xml", "<not a workbook")
    with pytest.raises(InputError, match=r"odd.xlsx cannot be read as a workbook.*save it again"):
        open_location(engine, tmp_path / "odd.xlsx")

    (tmp_path / "old.xls").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 2000)
    with pytest.raises(InputError, match=r"old.xls cannot be read as a workbook"):
        open_location(engine, tmp_path / "old.xls")

    _book(tmp_path / "empty.xlsx", Cover=[["Welcome"]], Header=[["Id", "Total"]])
    with pytest.raises(InputError, match=r"no sheet with a header and rows below it \(sheets: Cover, Header\)"):
        open_location(engine, tmp_path / "empty.xlsx")


def test_a_password_is_asked_for_by_name(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "locked.xlsx").write_bytes(_encrypted_package())
    with pytest.raises(InputError, match=r"locked.xlsx is protected by a password.*save a copy without"):
        open_location(engine, tmp_path / "locked.xlsx")


def _encrypted_package() -> bytes:
    """The smallest compound file with the one stream that marks an encrypted workbook."""
    sector = 512
    header = bytearray(sector)
    header[0:8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
    header[24:34] = (
        (0x3E).to_bytes(2, "little")
        + (3).to_bytes(2, "little")
        + b"\xfe\xff"
        + (9).to_bytes(2, "little")
        + (6).to_bytes(2, "little")
    )
    end, free = 0xFFFFFFFE, 0xFFFFFFFF

    def put(position: int, value: int) -> None:
        header[position : position + 4] = value.to_bytes(4, "little")

    put(44, 1)  # sectors of the allocation table
    put(48, 1)  # first sector of the directory
    put(56, 4096)
    put(60, end)
    put(68, end)
    for position in range(76, sector, 4):
        put(position, free)
    put(76, 0)  # the allocation table stands in sector 0
    table = b"".join(value.to_bytes(4, "little") for value in [0xFFFFFFFD, end] + [free] * 126)
    entries = b"".join(
        _entry(name, kind, child)
        for name, kind, child in (("Root Entry", 5, 1), ("EncryptedPackage", 2, free), ("", 0, free), ("", 0, free))
    )
    return bytes(header) + table + entries


def _entry(name: str, kind: int, child: int) -> bytes:
    text = name.encode("utf-16-le") + b"\0\0" if name else b""
    nothing = (0xFFFFFFFF).to_bytes(4, "little")
    entry = bytearray(128)
    entry[0 : len(text)] = text
    entry[64:66] = len(text).to_bytes(2, "little")
    entry[66] = kind
    entry[67] = 1
    entry[68:80] = nothing + nothing + child.to_bytes(4, "little")
    entry[116:120] = (0xFFFFFFFE).to_bytes(4, "little")
    return bytes(entry)


def test_an_opendocument_sheet(engine: Engine, tmp_path: Path) -> None:
    spaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text")
    )

    def row(*cells: str) -> str:
        inside = "".join(
            f'<table:table-cell office:value-type="string"><text:p>{cell}</text:p></table:table-cell>' for cell in cells
        )
        return f"<table:table-row>{inside}</table:table-row>"

    content = (
        f'<?xml version="1.0"?><office:document-content {spaces}><office:body><office:spreadsheet>'
        f'<table:table table:name="Orders">{row("id", "amount")}{row("0012", "1.234,50")}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    with zipfile.ZipFile(tmp_path / "orders.ods", "w") as book:
        book.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        book.writestr("META-INF/manifest.xml", "<manifest/>")
        book.writestr("content.xml", content)
    (raw,) = open_location(engine, tmp_path / "orders.ods")
    assert (raw.kind, raw.columns, engine.rows(raw.sql)) == ("excel", ("id", "amount"), [(2, "0012", "1.234,50")])
