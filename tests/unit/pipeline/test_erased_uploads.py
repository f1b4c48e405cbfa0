"""A person who is erased does not come back by a file that was uploaded."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import duckdb
import pytest

from keepers.data.connect import open_location
from keepers.data.engine import Engine
from keepers.data.recognise import recognise
from keepers.pipeline.erased_uploads import sentence_of, take_out_of_uploads
from keepers.pipeline.project import Project
from keepers.pipeline.serving import known_as

ADA = "ada@shop.example"

EXPORT = """Name,Email,Financial Status,Paid at,Currency,Total,Lineitem quantity,Lineitem name,Created at
#1001,Ada@Shop.example,paid,2026-01-02 10:00:00 +0100,EUR,30.00,1,"A pot, ""blue"" one",2026-01-02 10:00:00 +0100
#1001,,,,,,17,Tea,2026-01-02 10:00:00 +0100
#1002,nada@shop.example,paid,2026-01-03 10:00:00 +0100,EUR,12.00,17,Tea,2026-01-03 10:00:00 +0100
#1003,bob@shop.example.org,paid,2026-01-04 10:00:00 +0100,EUR,7.00,1,Müsli,2026-01-04 10:00:00 +0100
"""


@pytest.fixture
def uploads(tmp_path: Path) -> Path:
    folder = tmp_path / ".keepers" / "uploads"
    folder.mkdir(parents=True)
    return folder


def _rows(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


def test_orders_go_with_all_of_their_lines_and_others_stay_as_they_are(tmp_path: Path, uploads: Path) -> None:
    path = uploads / "orders_export.csv"
    path.write_text(EXPORT, encoding="utf-8")
    before = _rows(path)
    taken = take_out_of_uploads(Project(tmp_path), [ADA], [ADA])
    assert (taken.rows, taken.still) == (2, ())
    assert _rows(path) == [before[0], *before[3:]]
    assert [one.name for one in uploads.iterdir()] == ["orders_export.csv"], "nothing is left beside"
    written = path.read_bytes()
    assert take_out_of_uploads(Project(tmp_path), [ADA], [ADA]).rows == 0
    assert path.read_bytes() == written


def test_a_number_names_a_person_where_persons_have_numbers(tmp_path: Path, uploads: Path) -> None:
    path = uploads / "orders.csv"
    path.write_text("customer;date;amount\n17;2026-01-02;5,50\n3;2026-01-02;17\n17;2026-02-02;17\n4;2026-02-03;3\n")
    assert take_out_of_uploads(Project(tmp_path), ["17"], []).rows == 2
    assert [row[0] for row in _rows(path)[1:]] == ["3", "4"]
    assert _rows(path)[1][2] == "17"


@pytest.mark.parametrize("whose", ["customer_id", "Lead ID", "MemberNo"])
def test_a_number_is_nobodys_where_it_says_something_of_another_person(
    tmp_path: Path, uploads: Path, whose: str
) -> None:
    path = uploads / "orders.csv"
    rows = "17,2026-01-02,5.5,30,4,1\n3,2026-01-03,6.5,17,4,1\n4,2026-01-04,7.5,44,17,1\n5,2026-01-05,8.5,44,4,17\n"
    path.write_text(f"{whose},date,amount,customer_age,account_manager,number of clients\n{rows}")
    assert take_out_of_uploads(Project(tmp_path), ["17"], []).rows == 1
    assert [row[0] for row in _rows(path)[1:]] == ["3", "4", "5"]


def test_orders_of_others_stay_where_each_customer_has_a_first_one(tmp_path: Path, uploads: Path) -> None:
    path = uploads / "orders.csv"
    theirs = f"17,1,2026-01-02,5.5,\n17,1,2026-01-02,2.5,\n,2,2026-01-03,6.5,{ADA}\n,2,2026-01-03,1.5,\n"
    rows = f"{theirs}3,1,2026-01-04,7.5,\n3,2,2026-01-05,8,\n"
    path.write_text(f"customer_id,order_id,date,amount,email\n{rows}")
    assert take_out_of_uploads(Project(tmp_path), ["17"], [ADA]).rows == 4
    assert [row[:2] for row in _rows(path)[1:]] == [["3", "1"], ["3", "2"]]


def test_a_name_is_no_key_where_others_are_named_by_it(tmp_path: Path, uploads: Path) -> None:
    path = uploads / "orders.csv"
    rows = (
        "Anna Smith,2026-01-02,5,Bob\nBob,2026-01-03,6,Anna Smith\nCus_17a,2026-01-04,7,Bob\nEve,2026-01-05,8,cus_17A\n"
    )
    path.write_text(f"customer,date,amount,sold by\n{rows}")
    assert take_out_of_uploads(Project(tmp_path), ["Anna Smith", "cus_17a"], []).rows == 3
    assert [row[0] for row in _rows(path)[1:]] == ["Bob"]


def test_a_file_that_has_ids_alone_names_who_is_known_by_them(tmp_path: Path, uploads: Path) -> None:
    path = uploads / "orders.csv"
    path.write_text("customer,date,amount\n17,2026-01-02,5\n18,2026-01-03,17\n 17 ,2026-01-03,6\n")
    engine = Engine(threads=1)
    (raw,) = open_location(engine, path)
    system = recognise(engine, raw).format.system
    engine.close()
    assert take_out_of_uploads(Project(tmp_path), [ADA], [ADA], [known_as("other", "17")]).rows == 0
    assert take_out_of_uploads(Project(tmp_path), [ADA], [ADA], [known_as(system, "17")]).rows == 2
    assert _rows(path)[1:] == [["18", "2026-01-03", "17"]]


def test_a_line_that_is_no_row_is_looked_at_too(tmp_path: Path, uploads: Path) -> None:
    path = uploads / "orders.csv"
    rows = "".join(f"c{number},2026-01-{number:02},5\n" for number in range(1, 29))
    path.write_text(f"customer,date,amount\n{rows}{ADA},2026-01-02,5,6,7,8,9\n")
    assert take_out_of_uploads(Project(tmp_path), [ADA], [ADA]).rows == 1
    assert ADA not in path.read_text()
    assert len(_rows(path)) == 29


def test_parquet_keeps_its_types(tmp_path: Path, uploads: Path) -> None:
    path = uploads / "orders.parquet"
    duckdb.execute(
        "COPY (SELECT id AS customer_id, DATE '2026-01-02' AS day, 5.50::DECIMAL(9, 2) AS amount FROM (VALUES "
        f"('C1'), ('C2')) orders(id)) TO '{path}' (FORMAT parquet)"
    )
    assert take_out_of_uploads(Project(tmp_path), ["c1"], []).rows == 1
    found = duckdb.sql(f"SELECT customer_id, typeof(day), typeof(amount) FROM '{path}'").fetchall()
    assert found == [("C2", "DATE", "DECIMAL(9,2)")]


def test_what_is_no_plain_table_is_named_and_left(tmp_path: Path, uploads: Path) -> None:
    (uploads / "orders.csv.gz").write_bytes(gzip.compress(EXPORT.encode()))
    (uploads / "damaged.parquet").write_bytes(b"PAR1" + b"\0" * 50)
    with duckdb.connect(str(uploads / "shop.duckdb")) as shop:
        shop.execute(f"CREATE TABLE orders AS SELECT '{ADA}' AS customer, DATE '2026-01-02' AS date, 1.5 AS amount")
    with duckdb.connect(str(uploads / "other.duckdb")) as shop:
        shop.execute("CREATE TABLE orders AS SELECT 'C2' AS customer, DATE '2026-01-02' AS date, 1.5 AS amount")
    kept = {path.name: path.read_bytes() for path in uploads.iterdir()}
    taken = take_out_of_uploads(Project(tmp_path), [ADA], [ADA])
    assert [path.name for path in taken.still] == ["damaged.parquet", "orders.csv.gz", "shop.duckdb"]
    assert "shop.duckdb" in sentence_of(taken.still)
    assert {path.name: path.read_bytes() for path in uploads.iterdir()} == kept


def test_files_that_are_being_taken_in_do_not_bring_anybody_back(tmp_path: Path, uploads: Path) -> None:
    names = (".checked-0f-a.csv", ".checked-0f-b.csv.gz", ".coming-0f-c.csv")
    reading, packed, coming = (uploads / name for name in names)
    reading.write_text(EXPORT, encoding="utf-8")
    packed.write_bytes(gzip.compress(EXPORT.encode()))
    coming.write_text(EXPORT[:200], encoding="utf-8")
    other = uploads / ".checked-0f-d.csv"
    other.write_text("customer,date,amount\nbob@shop.example,2026-01-02,5\n")
    before = other.read_bytes()
    taken = take_out_of_uploads(Project(tmp_path), [ADA], [ADA])
    assert (taken.rows, taken.still) == (2, ())
    assert "Ada@" not in reading.read_text(encoding="utf-8")
    assert len(_rows(reading)) == 3
    # What cannot be written anew and what is not whole yet is sent again, without them.
    assert not packed.exists()
    assert not coming.exists()
    assert other.read_bytes() == before
