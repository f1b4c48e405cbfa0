"""Delimited text: every whole row arrives with its line number, every broken one stands aside with its reason."""

from __future__ import annotations

import csv
import io
import random
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keepers.data.connect import open_location
from keepers.data.engine import Engine
from keepers.data.raw_table import RawTable
from keepers.data.readers import delimited, straight
from keepers.domain.errors import ConfigError, InputError

SHARED_ENGINE = Engine(threads=2)


@pytest.fixture
def engine() -> Engine:
    return SHARED_ENGINE


def _read(engine: Engine, folder: Path, text: str | bytes, name: str = "orders.csv", **known: str) -> RawTable:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    (raw,) = open_location(engine, path, **known)
    return raw


def _rows(engine: Engine, raw: RawTable) -> list[tuple[object, ...]]:
    return engine.rows(f"{raw.sql} ORDER BY _row")


def test_a_clean_file(engine: Engine, tmp_path: Path) -> None:
    raw = _read(engine, tmp_path, 'id,Amount (EUR)\n0012,"1.234,50"\n2,\n')
    assert (raw.columns, raw.source, raw.kind, raw.first_row) == (("id", "Amount (EUR)"), "orders.csv", "delimited", 2)
    assert (raw.header, raw.typed, raw.rows, raw.notes, raw.totals, raw.rejected_count) == (True, False, 2, (), (), 0)
    assert _rows(engine, raw) == [(2, "0012", "1.234,50"), (3, "2", None)]
    kinds = engine.rows(f"SELECT column_type FROM (DESCRIBE {raw.sql})")
    assert kinds == [("BIGINT",), ("VARCHAR",), ("VARCHAR",)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "latin-1"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_encodings_and_line_ends(engine: Engine, tmp_path: Path, encoding: str, end: str) -> None:
    text = end.join(["id;Käufer;Betrag", "1;Müller Söhne;1.234,50", "2;Jürgen Groß;3,00", ""])
    raw = _read(engine, tmp_path, text.encode(encoding))
    assert raw.columns == ("id", "Käufer", "Betrag")
    assert _rows(engine, raw) == [(2, "1", "Müller Söhne", "1.234,50"), (3, "2", "Jürgen Groß", "3,00")]


def test_a_letter_of_another_encoding_far_down(engine: Engine, tmp_path: Path) -> None:
    rows = [f"{number},plain name,5" for number in range(60_000)]
    start = ("id,name,amount\n" + "\n".join(rows) + "\n").encode()
    raw = _read(engine, tmp_path, start + "60000,Müller,5\n".encode("cp1252"))
    assert raw.rows == 60_001
    assert engine.row(f"SELECT name FROM ({raw.sql}) WHERE id = '60000'") == ("Müller",)
    assert "windows-1252" in raw.notes[0]
    mixed = _read(engine, tmp_path, start + "60000,Müller,5\n".encode("cp1252") + "60001,Søren,5\n".encode() * 2)
    assert engine.rows(f"SELECT name FROM ({mixed.sql}) WHERE _row > 60001 ORDER BY _row") == [
        ("Müller",),
        ("Søren",),
        ("Søren",),
    ]


def test_an_encoding_that_is_named_is_taken(engine: Engine, tmp_path: Path) -> None:
    raw = _read(engine, tmp_path, "id,ad\n1,Şükrü\n2,Işıl\n".encode("cp1254"), encoding="cp1254")
    assert [row[2] for row in _rows(engine, raw)] == ["Şükrü", "Işıl"]


def test_an_encoding_that_is_named_and_wrong(engine: Engine, tmp_path: Path) -> None:
    text = "id,name\n1,Müller\n".encode("cp1252")
    for encoding in ("utf-8", "ascii", "utf-16"):
        with pytest.raises(InputError, match=f"(?s)orders.csv is no {encoding}.*Leave `encoding` out"):
            _read(engine, tmp_path, text, encoding=encoding)
    with pytest.raises(ConfigError, match=r"`encoding` is 'klingon', which is none"):
        _read(engine, tmp_path, text, encoding="klingon")


@pytest.mark.parametrize("name", ["tab", "\\t", "\t"])
def test_delimiters_by_name(engine: Engine, tmp_path: Path, name: str) -> None:
    assert _read(engine, tmp_path, "a\tb\n1\t2\n", delimiter=name).columns == ("a", "b")
    assert _read(engine, tmp_path, "a   b\n1  2\n", delimiter="blank").columns == ("a", "b")
    with pytest.raises(ConfigError, match=r"`delimiter` is ',,'; it must be one character"):
        _read(engine, tmp_path, "a,b\n", delimiter=",,")


def test_line_numbers_count_titles_empty_lines_and_lines_inside_fields(engine: Engine, tmp_path: Path) -> None:
    text = 'Report\n\nid,note,amount\n1,"a\nb",2\n\n2,c,3\n3,"x\r\ny, z",4\n\n\n4,d,5\n'
    raw = _read(engine, tmp_path, text)
    assert raw.first_row == 4
    assert [(row[0], row[1]) for row in _rows(engine, raw)] == [(4, "1"), (7, "2"), (8, "3"), (12, "4")]
    assert _rows(engine, raw)[2][2] == "x\r\ny, z"


def test_fields_with_lines_are_counted_without_the_patient_way(engine: Engine, tmp_path: Path) -> None:
    raw = _read(engine, tmp_path, 'id,note,amount\n1,"a\nb\nc",2\n2,c,3\n3,"d\ne",4\n4,f,5\n')
    assert [row[0] for row in _rows(engine, raw)] == [2, 5, 6, 8]


def test_broken_rows_stand_aside(engine: Engine, tmp_path: Path) -> None:
    good = "".join(f"{number},b,c\n" for number in range(10))
    raw = _read(engine, tmp_path, f"x,y,z\n{good}4,5\n6,7,8,9\n7,8,9,,\nGenerated on Monday\n")
    assert raw.rows == 11
    assert [(row.line, row.text, row.reason) for row in raw.rejected] == [
        (12, "4,5", "2 fields where 3 are expected"),
        (13, "6,7,8,9", "4 fields where 3 are expected"),
        (15, "Generated on Monday", "1 field where 3 are expected"),
    ]
    assert _rows(engine, raw)[-1] == (14, "7", "8", "9")
    assert raw.notes == ("3 of its rows could not be read and stand aside.",)


def test_a_quote_that_is_never_closed_costs_its_own_row_alone(engine: Engine, tmp_path: Path) -> None:
    text = (
        'id,note,amount,day\n1,ok,2,2026-01-01\n2,"open,3,2026-01-02\n3,b,4,2026-01-03\n'
        '4,c,5,2026-01-04\n5,"d",6,2026-01-05\n6,6" pipe,7,2026-01-06\n7,"seven,8,2026-01-07\n'
    )
    raw = _read(engine, tmp_path, text)
    assert [row[1] for row in _rows(engine, raw)] == ["1", "3", "4", "5", "6"]
    assert [(row.line, row.reason) for row in raw.rejected] == [
        (3, "a quote is opened and not closed"),
        (8, "a quote is opened and not closed"),
    ]


def test_rows_inside_a_field_are_no_field(engine: Engine, tmp_path: Path) -> None:
    rows = "".join(f"{n},b,{n},2026-01-01\n" for n in range(20))
    raw = _read(engine, tmp_path, f'id,note,amount,day\n{rows}20,"open,1,2026-01-01\n{rows}21,closed",1,2026-01-01\n')
    assert raw.rows == 41
    assert [row.line for row in raw.rejected] == [22]


def test_a_note_with_commas_on_several_lines_is_one_field(engine: Engine, tmp_path: Path) -> None:
    text = 'id,note,amount\n1,"Dear Sir,\nred, green and blue, please\nBye",5\n2,x,6\n'
    raw = _read(engine, tmp_path, text)
    assert (raw.rows, raw.rejected_count) == (2, 0)
    assert _rows(engine, raw)[0] == (2, "1", "Dear Sir,\nred, green and blue, please\nBye", "5")


def test_ten_thousand_rejected_rows_are_kept_and_all_are_counted(engine: Engine, tmp_path: Path) -> None:
    raw = _read(engine, tmp_path, "a,b,c\n" + "1,2,3\n" * 30_000 + "1,2,3,4\n" * 10_500)
    assert (raw.rows, len(raw.rejected), raw.rejected_count) == (30_000, 10_000, 10_500)


def test_a_header_in_the_middle_is_no_row(engine: Engine, tmp_path: Path) -> None:
    raw = _read(engine, tmp_path, "id,amount\n1,2\nid,amount\n3,4\n")
    assert _rows(engine, raw) == [(2, "1", "2"), (4, "3", "4")]
    assert [(row.line, row.reason) for row in raw.rejected] == [(3, "the header line again")]


def test_totals_are_flagged_and_kept(engine: Engine, tmp_path: Path) -> None:
    text = (
        "# GA4\n# Start date: 20260501\n\nChannel,Sessions,Revenue\n,300,100.5\nDirect,100,50.25\nOrganic,200,50.25\n"
        "Grand total,300,100.5\n"
    )
    raw = _read(engine, tmp_path, text)
    assert (raw.first_row, raw.totals, raw.rows) == (5, (5, 8), 4)
    meta = _read(engine, tmp_path, "Day,Campaign,Spend,Clicks\n2026-01-01,A,5,2\n2026-01-02,B,6,3\n,Total,11,5\n")
    assert meta.totals == (4,)
    orders = _read(engine, tmp_path, "id,coupon,total\n1,,5\n2,X,7\n3,Y,11\n4,,2\n")
    assert orders.totals == ()


def test_names_are_told_apart(engine: Engine, tmp_path: Path) -> None:
    raw = _read(engine, tmp_path, "Tags, tags ,,\u00a0E-Mail,_row,Tags\na,b,c,d,e,f\ng,h,i,j,k,l\n")
    assert raw.columns == ("Tags", "tags (2)", "column_3", "E-Mail", "_row (2)", "Tags (3)")
    assert _rows(engine, raw)[0] == (2, "a", "b", "c", "d", "e", "f")


def test_cdnow_reads_without_header(engine: Engine, cdnow_path: Path) -> None:
    (raw,) = open_location(engine, cdnow_path)
    assert (raw.header, raw.columns, raw.first_row, raw.rows) == (
        False,
        tuple(f"column_{n}" for n in range(1, 6)),
        1,
        6919,
    )
    assert engine.row(f"SELECT * FROM ({raw.sql}) WHERE _row = 3") == (3, "00004", "0001", "19970802", "1", "14.96")
    assert engine.row(f"SELECT count(DISTINCT column_1) FROM ({raw.sql})") == (2357,)


def test_rows_that_end_early_by_habit(engine: Engine, tmp_path: Path) -> None:
    raw = _read(engine, tmp_path, "a,b,c,d\n1,2\n4,5\n7,8,9\n" + "10,11,12,13\n" * 7 + "End\n")
    assert [row.line for row in raw.rejected] == [12]
    assert _rows(engine, raw)[:3] == [(2, "1", "2", None, None), (3, "4", "5", None, None), (4, "7", "8", "9", None)]
    assert "end early" in raw.notes[0]


@pytest.mark.parametrize(
    ("text", "known", "words"),
    [
        ("", {}, "is empty"),
        ("\n \n\n", {}, "is empty"),
        ("\ufeff", {}, "is empty"),
        ("id,amount\n", {}, "has a header line and no rows"),
        ("Title\n\nid,amount\n\n", {}, "has a header line and no rows"),
        ("name\nAda\nBo\n", {}, "no columns were found. Its first line is 'name'"),
        (
            "a,b,c,d\n1,2,3,4,5\n1,2,3,4,5,6\n",
            {},
            "no row fits the header. The first line has 4 fields separated by ','",
        ),
        ("id;amount\n1;2\n", {"delimiter": ","}, "the separator ',' gives no columns.*looks like ';'"),
        ("nothing here\nat all\n", {"delimiter": ","}, "gives no columns.*Look into the file"),
    ],
)
def test_what_is_no_table(engine: Engine, tmp_path: Path, text: str, known: dict[str, str], words: str) -> None:
    with pytest.raises(InputError, match=f"orders.csv.*{words}"):
        _read(engine, tmp_path, text, **known)


def test_nothing_is_left_in_the_scratch_folder_or_the_engine(tmp_path: Path) -> None:
    engine = Engine(threads=1)
    raws = [
        _read(engine, tmp_path, "id,name\n1,ä\n".encode("utf-16")),
        _read(engine, tmp_path, "a,b,c\n1,2,3\n4,5,6\n4,5\n"),
        _read(engine, tmp_path, 'a,b\n1,"x\ny"\n2,3\n'),
    ]
    with pytest.raises(InputError):
        _read(engine, tmp_path, "a,b\n")
    left = {each.name for each in Path(engine.scratch).iterdir() if each.is_file()}
    assert left == {"owner.lock"}, "the engine's own mark alone"
    for raw in raws:
        raw.drop(engine)
    assert engine.rows("SELECT table_name FROM information_schema.tables") == []


CELLS = st.text(st.characters(exclude_categories=("Cs", "Cc"), include_characters="\n\t"), max_size=12)


@given(
    rows=st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=8),
    delimiter=st.sampled_from(",;\t|"),
    end=st.sampled_from(["\n", "\r\n"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_a_csv_writer_writes_is_read_back(
    tmp_path: Path, rows: list[tuple[str, str]], delimiter: str, end: str, encoding: str
) -> None:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerow(["id", "first", "second"])
    lines = []
    for number, row in enumerate(rows, start=100):
        lines.append(_line_count(text.getvalue()) + 1)
        writer.writerow([number, *row])
    raw = _read(SHARED_ENGINE, tmp_path, text.getvalue().encode(encoding), delimiter=delimiter)
    got = _rows(SHARED_ENGINE, raw)
    raw.drop(SHARED_ENGINE)
    assert [row[1:] for row in got] == [(str(n), a or None, b or None) for n, (a, b) in enumerate(rows, start=100)]
    assert [row[0] for row in got] == lines


def _line_count(text: str) -> int:
    return len(list(io.StringIO(text, newline="")))


@pytest.mark.parametrize("seed", range(3))
def test_both_ways_agree_on_a_large_file(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    rng = random.Random(seed)
    notes = ["", "plain", 'with "quotes"', "with, comma", "two\nlines", "three\n\nlines", '6" pipe']
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["id", "note", "amount"])
    writer.writerows([n, rng.choice(notes), f"{rng.random() * 100:.2f}"] for n in range(20_000))
    straight = _read(engine, tmp_path, text.getvalue())
    monkeypatch.setattr(delimited, "read_straight", lambda *_: None)
    patient = _read(engine, tmp_path, text.getvalue())
    assert straight.rows == patient.rows == 20_000
    assert engine.rows(f"({straight.sql} EXCEPT {patient.sql}) UNION ALL ({patient.sql} EXCEPT {straight.sql})") == []


@pytest.mark.parametrize("footer", [False, True])
def test_broken_rows_of_a_large_file_need_no_patience(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, footer: bool
) -> None:
    rng = random.Random(5)
    kinds = ["{},b,c\n"] * (1 if footer else 40) + ([] if footer else ["{},b\n", "{},b,c,d\n", "x\n", "{},b,c,\n"])
    text = "id,note,amount\n" + "".join(rng.choice(kinds).format(n) for n in range(20_000)) + "End of report\n" * footer
    monkeypatch.setattr(straight, "_REJECTS_ABOVE", 0)
    quick = _read(engine, tmp_path, text)
    assert bool(quick.stored) is footer
    monkeypatch.setattr(delimited, "read_straight", lambda *_: None)
    patient = _read(engine, tmp_path, text)
    assert quick.rejected == patient.rejected
    assert quick.rejected_count == patient.rejected_count > 0
    assert quick.rows == patient.rows
    assert engine.rows(f"({quick.sql} EXCEPT {patient.sql}) UNION ALL ({patient.sql} EXCEPT {quick.sql})") == []


def test_empty_lines_at_the_end_of_a_file_change_nothing(engine: Engine, tmp_path: Path) -> None:
    raw = _read(engine, tmp_path, "id,amount\r\n1,2\r\n3,4\r\n\r\n\r\n")
    assert raw.stored, "goes straight"
    assert [row[0] for row in _rows(engine, raw)] == [2, 3]


def test_a_clean_million_is_read_in_parallel_by_the_engine(engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "million.csv"
    engine.execute(
        "COPY (SELECT range AS id, 'customer ' || range % 1000 AS customer, '2026-01-01' AS day, "
        f"(range % 977) / 10 AS amount FROM range(1000000)) TO '{path}' (HEADER)"
    )
    start = time.perf_counter()
    (raw,) = open_location(engine, path)
    assert time.perf_counter() - start < 15
    assert raw.stored, "a clean file goes straight"
    assert engine.row(f"SELECT count(*), max(_row), count(*) FILTER (_row <> id::BIGINT + 2) FROM ({raw.sql})") == (
        1_000_000,
        1_000_001,
        0,
    )
    raw.drop(engine)
