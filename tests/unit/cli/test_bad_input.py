"""What goes wrong with files and options: one clear message, a code that says of which kind, nothing half-written."""

from __future__ import annotations

import csv
import datetime as dt
import json
import os
from pathlib import Path

import duckdb
import pytest

from keepers.pipeline.kept import as_remembered, remember
from keepers.pipeline.options import RunOptions
from unit.cli.conftest import Keepers, shop_rows, write_csv

QUICK = ("--quiet", "--into", "result", "--model", "mbg-nbd", "--no-backtest", "--no-report")


def left_behind(folder: Path) -> list[str]:
    """Whatever a run has left in a folder besides what was there."""
    return sorted(path.name for path in folder.iterdir() if path.name.startswith(".") or path.name == "result")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("empty.csv", b"", "empty.csv is empty"),
        ("head.csv", b"customer,date,amount\n", "has a header line and no rows"),
        ("report.pdf", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj<<>>endobj\n", "is a PDF document, not a table"),
        ("renamed.csv", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj<<>>endobj\n", "is a PDF document, not a table"),
        ("picture.png", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4, "is a picture"),
        ("login.csv", b"<!DOCTYPE html><html><body>Please sign in</body></html>", "is a web page"),
        ("broken.xlsx", b"PK\x03\x04" + bytes(range(256)), "damaged workbook"),
        ("broken.csv.gz", b"\x1f\x8b\x08" + bytes(range(200)), "damaged or incomplete"),
        ("broken.parquet", b"PAR1" + bytes(range(200)) + b"PAR1", "damaged Parquet file"),
        ("cut.json", b'{"a": [1,2', "not valid JSON"),
        ("prose.txt", b"Dear all, attached please find nothing at all.\n", "prose.txt"),
    ],
)
@pytest.mark.parametrize("command", ["run", "check", "backtest"])
def test_files_that_are_no_orders(
    keepers: Keepers, tmp_path: Path, command: str, name: str, content: bytes, words: str
) -> None:
    (tmp_path / name).write_bytes(content)
    found = keepers(command, name, "--quiet")
    assert found.code == 3
    assert words in found.message
    assert found.message.startswith("keepers: ")
    assert "Traceback" not in found.err
    assert sorted(path.name for path in tmp_path.iterdir()) == [name]


def test_a_file_that_is_not_there(keepers: Keepers, tmp_path: Path) -> None:
    found = keepers("run", "nowhere.csv", *QUICK)
    assert (found.code, found.message) == (3, "keepers: nowhere.csv does not exist. Check the name and the folder.")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_may_not_be_read(keepers: Keepers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write_csv(tmp_path / "locked.csv", shop_rows())
    file.chmod(0)
    if os.access(file, os.R_OK):  # the superuser reads everything
        opened = Path.open

        def refuse(path: Path, *words: object, **named: object) -> object:
            if path.name == file.name:
                raise PermissionError(13, "Permission denied", str(path))
            return opened(path, *words, **named)  # type: ignore[call-overload]

        monkeypatch.setattr(Path, "open", refuse)
    found = keepers("run", "locked.csv", *QUICK)
    assert found.code == 3
    assert "locked.csv may not be read" in found.message
    assert left_behind(tmp_path) == []


def test_nothing_and_folders_without_anything(keepers: Keepers, tmp_path: Path) -> None:
    assert keepers("run").code == 2
    (tmp_path / "exports").mkdir()
    found = keepers("run", "exports", *QUICK)
    assert found.code == 3
    assert "has no file that can be read" in found.message
    found = keepers("run", "https://shop.example/orders.csv", *QUICK)
    assert found.code == 3
    assert "Download the file" in found.message


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--customer", "date", "--date", "Date"], 2, "`Date` is named both for `customer` and for `date`"),
        (["--columns", "clv"], 2, "`clv` is not a column of values. Use all, main, or some of: "),
        (["--customer", "Klient"], 3, "no column 'Klient' (named as customer). It has: customer, date, amount"),
        (["--date", "amount"], 3, "its date cannot be read (300 rows). Is each column the right one?"),
        (["--amount", "date"], 3, "--date COLUMN"),
        (["--column", "colour=amount"], 3, "'colour', which is no role a column can play"),
        (["--column", "order_id"], 2, "is not NAME=VALUE"),
        (["--format", "shopfy"], 2, "There is no format 'shopfy'"),
        (["--margin", "plenty"], 2, "is not a share"),
        (["--margin", "35"], 2, "write 35% as 0.35"),
        (["--margin", "30%", "--order-margin"], 2, "never both"),
        (["--order-margin"], 3, "--margin 35%"),
        (["--discount", "-5%"], 2, "must be zero or positive"),
        (["--horizon", "12"], 2, "Write for example 12months"),
        (["--horizon", "0months"], 2, "positive length of time"),
        (["--horizon", "6years"], 2, "lifetime (5 years) is shorter than the horizon (6 years)"),
        (["--model", "prophet"], 2, "Use one of: bg-nbd, mbg-nbd, pareto-nbd, nbd, ggompertz-nbd"),
        (["--as-of", "2020-01-01"], 3, "--as-of"),
        (["--as-of", "yesterday"], 2, "--as-of"),
        (["--time-zone", "Middle/Earth"], 2, "Middle/Earth"),
        (["--memory", "lots"], 2, "'4GB'"),
        (["--rate", "USD=cheap"], 2, "--rate USD=0.92"),
        (["--currency", "EURO"], 2, "three letters"),
        (["--colour"], 2, "--colour"),
    ],
)
def test_options_that_cannot_be(keepers: Keepers, tmp_path: Path, words: list[str], code: int, said: str) -> None:
    write_csv(tmp_path / "orders.csv", shop_rows())
    found = keepers("run", "orders.csv", *QUICK, *words)
    assert (found.code, said in found.message) == (code, True), found.message
    assert left_behind(tmp_path) == []


def test_without_a_test_a_model_must_be_named(keepers: Keepers, tmp_path: Path) -> None:
    write_csv(tmp_path / "orders.csv", shop_rows())
    found = keepers("run", "orders.csv", "--no-backtest")
    assert found.code == 2
    assert "--model pareto-nbd" in found.message


def test_no_customer_column(keepers: Keepers, tmp_path: Path) -> None:
    write_csv(tmp_path / "till.csv", [row[1:] for row in shop_rows()], ("date", "amount"))
    found = keepers("run", "till.csv", *QUICK)
    assert found.code == 3
    assert "no column that says which customer bought" in found.message
    assert "--customer COLUMN" in found.message
    assert left_behind(tmp_path) == []


def test_all_rows_of_one_customer(keepers: Keepers, tmp_path: Path) -> None:
    write_csv(tmp_path / "one.csv", [["C1", *row[1:]] for row in shop_rows()])
    found = keepers("run", "one.csv", *QUICK)
    assert found.code == 0
    assert "one: 1 customer, 300 orders" in found.out
    assert "Look at this: All 300 orders are of one customer (C1)" in found.out
    checked = keepers("check", "one.csv", "--quiet")
    assert checked.code == 0
    assert "Is the customer's column the right one?" in checked.out


def test_one_order_each(keepers: Keepers, tmp_path: Path) -> None:
    write_csv(tmp_path / "each.csv", [[f"C{n}", *row[1:]] for n, row in enumerate(shop_rows())])
    found = keepers("run", "each.csv", "--quiet", "--into", "result", "--no-report")
    assert found.code == 0
    assert "None of the 300 customers bought on a second day" in found.out
    summary = json.loads((tmp_path / "result" / "summary.json").read_text(encoding="utf-8"))
    assert summary["verdict"]["trust"] == "untested"
    assert summary["models"]["buying"]["outcome"] == "NO_REPEAT_PURCHASES"
    assert summary["models"]["buying"]["prior_share"] > 0


@pytest.mark.parametrize("days", [1, 20])
def test_a_short_history_is_valued_and_called_untested(keepers: Keepers, tmp_path: Path, days: int) -> None:
    write_csv(tmp_path / "short.csv", shop_rows(days=days, orders=80))
    found = keepers("run", "short.csv", "--quiet", "--into", "result")
    assert found.code == 0
    assert "too short to hide some of them" in found.out
    assert "used untested" in found.out
    assert (tmp_path / "result" / "report.html").exists()


def test_single_dates_in_the_future_are_left_out_and_named(keepers: Keepers, tmp_path: Path) -> None:
    write_csv(tmp_path / "orders.csv", [*shop_rows(), ["C1", "2124-01-01", "20"], ["C2", "2099-05-05", "10"]])
    found = keepers("run", "orders.csv", *QUICK)
    assert found.code == 0
    assert "2 rows of 302 could not be read" in found.out
    assert "300 orders from 2023-" in found.out
    assert "its date is in the future 2 302, 303" in keepers("check", "orders.csv", "--quiet").out


def test_a_file_from_the_future_is_valued_with_a_warning(keepers: Keepers, tmp_path: Path) -> None:
    write_csv(
        tmp_path / "orders.csv", [[who, f"2{day[1:]}".replace("202", "209", 1), paid] for who, day, paid in shop_rows()]
    )
    found = keepers("run", "orders.csv", *QUICK)
    assert found.code == 0
    assert "are dated after today" in found.out


def test_mixed_date_formats_are_each_read(keepers: Keepers, tmp_path: Path) -> None:
    layouts = ("%d/%m/%Y", "%Y-%m-%d", "%d.%m.%y", "%B %d, %Y")
    rows = shop_rows()
    mixed = [
        [who, dt.date.fromisoformat(day).strftime(layouts[n % 4]), paid] for n, (who, day, paid) in enumerate(rows)
    ]
    write_csv(tmp_path / "plain.csv", rows)
    write_csv(tmp_path / "mixed.csv", mixed)
    for name in ("plain", "mixed"):
        words = ["--quiet", "--into", name, *QUICK[3:]]
        assert keepers("run", f"{name}.csv", *words).code == 0
    columns = "customer_key, first_order_date, last_order_date, orders, revenue"
    plain, read = (
        duckdb.sql(f"SELECT {columns} FROM '{tmp_path / name / 'customers.parquet'}' ORDER BY 1").fetchall()
        for name in ("plain", "mixed")
    )
    assert plain == read


def test_days_that_could_be_months_are_asked_about(keepers: Keepers, tmp_path: Path) -> None:
    rows = [[f"C{n % 30}", f"{1 + n * 7 % 12:02d}/{1 + n * 5 % 12:02d}/2024", f"{10 + n}"] for n in range(300)]
    write_csv(tmp_path / "orders.csv", rows)
    checked = keepers("check", "orders.csv", "--quiet")
    told = checked.out + checked.message
    assert "month" in told
    first, second = (
        keepers("run", "orders.csv", *QUICK[:2], order, *QUICK[3:], order_word)
        for order, order_word in (("day", "--day-first"), ("month", "--month-first"))
    )
    assert (first.code, second.code) == (0, 0)


def test_only_negative_amounts(keepers: Keepers, tmp_path: Path) -> None:
    write_csv(tmp_path / "back.csv", [[who, day, f"-{paid}"] for who, day, paid in shop_rows()])
    for command in (("run", "back.csv", *QUICK), ("check", "back.csv")):
        found = keepers(*command)
        assert found.code == 3
        assert "Every amount is below zero (300 rows" in found.message
    assert left_behind(tmp_path) == []


def test_two_currencies(keepers: Keepers, tmp_path: Path) -> None:
    rows = [[*row, "EUR" if n % 2 else "USD"] for n, row in enumerate(shop_rows())]
    write_csv(tmp_path / "orders.csv", rows, ("customer", "date", "amount", "currency"))
    found = keepers("run", "orders.csv", *QUICK)
    assert found.code == 3
    assert "The sales are in 2 currencies" in found.message
    assert "on the command line --rate " in found.message
    assert left_behind(tmp_path) == []
    found = keepers("run", "orders.csv", *QUICK, "--rate", "EUR=1", "--rate", "USD=0.5")
    assert found.code == 0
    summary = json.loads((tmp_path / "result" / "summary.json").read_text(encoding="utf-8"))
    paid = sum(float(row[2]) * (1 if row[3] == "EUR" else 0.5) for row in rows)
    assert summary["money"]["currency"] == "EUR"
    assert summary["store"]["revenue"] == pytest.approx(paid, abs=0.05)


def test_the_delimiter_and_the_decimal_mark_are_found(keepers: Keepers, tmp_path: Path) -> None:
    rows = shop_rows()
    lines = [f"{who};{day};{paid.replace('.', ',')}" for who, day, paid in rows]
    (tmp_path / "orders.csv").write_text("\n".join(["customer;date;amount", *lines]), encoding="utf-8")
    assert keepers("run", "orders.csv", *QUICK).code == 0
    summary = json.loads((tmp_path / "result" / "summary.json").read_text(encoding="utf-8"))
    assert summary["store"]["revenue"] == pytest.approx(sum(float(row[2]) for row in rows))


def test_orders_without_any_price(keepers: Keepers, tmp_path: Path) -> None:
    write_csv(tmp_path / "free.csv", [[who, day, "0.00"] for who, day, _ in shop_rows()])
    found = keepers("run", "free.csv", *QUICK)
    assert found.code == 0
    assert "the data hold no money" in found.out


def test_ids_keep_their_zeros_and_letters_and_run_no_formula(keepers: Keepers, tmp_path: Path) -> None:
    ids = ["007", "7", "0007", "Żółw", "客户一", "O'Neill", 'a"b', "=1+1", "+49170", "@cmd", "-5", "=HYPERLINK(1)"]
    rows = [[ids[n % len(ids)], *row[1:]] for n, row in enumerate(shop_rows())]
    write_csv(tmp_path / "orders.csv", rows, ("customer id", "order date", "total"))
    assert keepers("run", "orders.csv", *QUICK).code == 0
    parquet = duckdb.sql(f"SELECT customer_key FROM '{tmp_path / 'result' / 'customers.parquet'}'").fetchall()
    assert sorted(key for (key,) in parquet) == sorted(ids)
    with (tmp_path / "result" / "customers.csv").open(encoding="utf-8-sig", newline="") as file:
        written = [row["customer_key"] for row in csv.DictReader(file)]
    assert sorted(written) == sorted(f"'{key}" if key[0] in "=+-@" else key for key in ids)


def test_a_folder_that_is_not_ours_is_never_touched(keepers: Keepers, tmp_path: Path) -> None:
    write_csv(tmp_path / "orders.csv", shop_rows())
    (tmp_path / "result").mkdir()
    (tmp_path / "result" / "thesis.txt").write_text("years of work", encoding="utf-8")
    found = keepers("run", "orders.csv", *QUICK)
    assert found.code == 2
    assert "holds files that Keepers did not write" in found.message
    assert [path.name for path in (tmp_path / "result").iterdir()] == ["thesis.txt"]
    found = keepers("run", "orders.csv", "--quiet", "--into", "orders.csv")
    assert (found.code, "is a file, not a folder" in found.message) == (2, True)


def test_an_earlier_result_survives_whatever_goes_wrong(keepers: Keepers, tmp_path: Path) -> None:
    write_csv(tmp_path / "orders.csv", shop_rows())
    assert keepers("run", "orders.csv", *QUICK).code == 0
    before = {path.name: path.read_bytes() for path in (tmp_path / "result").iterdir()}
    (tmp_path / "empty.csv").write_bytes(b"")
    assert keepers("run", "empty.csv", *QUICK).code == 3
    assert keepers("run", "orders.csv", *QUICK, "--as-of", "1999-01-01").code == 3
    assert {path.name: path.read_bytes() for path in (tmp_path / "result").iterdir()} == before
    assert left_behind(tmp_path) == ["result"]


def test_lines_that_an_export_tells_twice_can_be_left_out(keepers: Keepers, tmp_path: Path) -> None:
    line = "1,10A,CUP,5,2025-01-01 10:00:00,2.00,C1\n"
    head = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID\n"
    (tmp_path / "lines.csv").write_text(f"{head}{line}{line}2,10A,CUP,1,2025-01-02 10:00:00,2.00,C2\n")
    kept = keepers("check", "lines.csv", "--quiet")
    assert "--drop-duplicate-lines leaves them out" in " ".join(kept.out.split())
    dropped = json.loads(keepers("check", "lines.csv", "--quiet", "--json", "--drop-duplicate-lines").out)
    assert [line["amount"] for line in dropped["reconciliation"]["revenue"] if line["key"] == "net"] == ["12.00"]
    (tmp_path / "kept").mkdir()
    remember(RunOptions(drop_duplicate_lines=True), tmp_path)
    assert as_remembered(RunOptions(), tmp_path).drop_duplicate_lines
