"""JSON records become text columns, whichever way they are laid out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from keepers.data.connect import open_location
from keepers.data.engine import Engine
from keepers.data.raw_table import RawTable
from keepers.domain.errors import InputError

SHARED_ENGINE = Engine(threads=2)


@pytest.fixture
def engine() -> Engine:
    return SHARED_ENGINE


def _read(engine: Engine, folder: Path, text: str | bytes, name: str = "orders.json") -> RawTable:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    (raw,) = open_location(engine, path)
    assert raw.kind == "json"
    return raw


def _rows(engine: Engine, raw: RawTable) -> list[tuple[object, ...]]:
    return engine.rows(f"{raw.sql} ORDER BY _row")


RECORDS = [
    {"id": "0012", "customer": {"email": "ada@example.com", "address": {"city": "Gouda"}}, "total": 12.5},
    {"id": 7210448301122, "total": 1e2, "items": [{"sku": "a"}, {"sku": "b"}], "paid": True, "note": None},
    {"id": 3, "customer": {"email": None}, "a.b": "dot", 'q"/~': "signs", "note": 'two\nlines, "quoted"'},
]
COLUMNS = ("id", "customer.email", "customer.address.city", "total", "items", "paid", "note", "a.b", 'q"/~')


@pytest.mark.parametrize(
    "text",
    [
        "\n".join(json.dumps(record) for record in RECORDS),
        "\n".join(json.dumps(record) for record in RECORDS) + "\n",
        json.dumps(RECORDS),
        json.dumps(RECORDS, indent=2),
        "\n".join(json.dumps(record, indent=1) for record in RECORDS),
        json.dumps({"orders": RECORDS}),
        json.dumps({"data": {"shop": {"orders": RECORDS}}, "status": "ok"}),
        json.dumps({"object": "list", "data": RECORDS, "has_more": False, "url": "/v1/charges"}, indent=2),
    ],
    ids=[
        "lines",
        "lines and an end",
        "array",
        "spread array",
        "spread objects",
        "wrapped",
        "wrapped twice",
        "page of an answer",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_every_layout_gives_the_same_table(engine: Engine, tmp_path: Path, text: str, encoding: str) -> None:
    raw = _read(engine, tmp_path, text.encode(encoding))
    assert raw.columns == COLUMNS
    first, second, third = _rows(engine, raw)
    assert first == (1, "0012", "ada@example.com", "Gouda", "12.5", None, None, None, None, None)
    assert second[1] == "7210448301122"
    assert float(str(second[4])) == 100
    assert json.loads(str(second[5])) == [{"sku": "a"}, {"sku": "b"}]
    assert second[6:] == ("true", None, None, None)
    assert third == (3, "3", None, None, None, None, None, 'two\nlines, "quoted"', "dot", "signs")


def test_broken_lines_stand_aside_with_their_numbers(engine: Engine, tmp_path: Path) -> None:
    raw = _read(
        engine, tmp_path, '{"id":1,"a":"x\\u00e9"}\n\n{"id":2,"a":}\nnot json\n[1]\n{"id":3}\n{"id":', "x.jsonl"
    )
    assert _rows(engine, raw) == [(1, "1", "xé"), (6, "3", None)]
    assert [(row.line, row.text) for row in raw.rejected] == [
        (3, '{"id":2,"a":}'),
        (4, "not json"),
        (5, "[1]"),
        (7, '{"id":'),
    ]
    assert "stand aside" in raw.notes[0]


def test_an_order_with_its_lines_is_a_record_and_no_wrapping(engine: Engine, tmp_path: Path) -> None:
    raw = _read(engine, tmp_path, '{"id": 1, "email": "a@b.co",\n "line_items": [{"sku": "x"}, {"sku": "y"}]}')
    assert (raw.rows, raw.columns) == (1, ("id", "email", "line_items"))


def test_deep_objects_and_many_keys_stay_text(engine: Engine, tmp_path: Path) -> None:
    deep = {"a": {"b": {"c": {"d": {"e": 1}}}}, "by_id": {f"k{n}": n for n in range(300)}}
    raw = _read(engine, tmp_path, json.dumps([deep, deep]))
    assert raw.columns == ("a.b.c.d", "by_id")
    assert _rows(engine, raw)[0][1] == '{"e":1}'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[{"id": 1}, {"id": 2}', "not valid JSON.*cut short"),
        ('{"id": 1,\n "a": }', "not valid JSON"),
        ("[1, 2, 3]", "values that are no objects"),
        ("[]", "no JSON records"),
        ("[{}]", "no JSON records"),
    ],
)
def test_what_is_no_table(engine: Engine, tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(InputError, match=f"(?s)orders.json.*{words}"):
        _read(engine, tmp_path, text)


def test_a_long_file_of_lines_goes_through_the_engine(engine: Engine, tmp_path: Path) -> None:
    raw = _read(engine, tmp_path, "".join(f'{{"id": {n}, "c": {{"e": "x{n}"}}}}\n' for n in range(100_000)), "x.ndjson")
    assert engine.row(f"SELECT count(*), count(*) FILTER (_row <> id::BIGINT + 1) FROM ({raw.sql})") == (100_000, 0)


def test_tracking_calls_become_events(engine: Engine, tmp_path: Path) -> None:
    script = """// examples
    analytics.track('Order Completed', { order_id: '5031', total: 27.50, 'currency': "USD", ok: true, note: 'it\\'s',
      products: [ { sku: '45790-32', price: 19, quantity: 1 }, { sku: 'b' } ] });
    analytics.identify("user-1", {email: 'ada@example.com', none: null});
    analytics.page('Home');
    """
    raw = _read(engine, tmp_path, script, "events.js")
    assert raw.columns[:4] == ("type", "event", "properties.order_id", "properties.total")
    first, second, third = _rows(engine, raw)
    cells = dict(zip(("_row", *raw.columns), first))
    assert (cells["event"], cells["properties.total"], cells["properties.ok"]) == ("Order Completed", "27.5", "true")
    assert cells["properties.note"] == "it's"
    assert json.loads(str(cells["properties.products"]))[1] == {"sku": "b"}
    cells = dict(zip(("_row", *raw.columns), second))
    assert (cells["type"], cells["user_id"], cells["traits.email"]) == ("identify", "user-1", "ada@example.com")
    assert third[2] == "Home"


def test_a_tracking_call_that_cannot_be_understood(engine: Engine, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"line 2 cannot be understood"):
        _read(engine, tmp_path, "// x\nanalytics.track('Order', { total: a + b });\n", "events.js")
