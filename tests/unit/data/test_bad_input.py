"""Data that cannot be used, or not all of them: a clear message, good rows kept, the others put aside with reasons."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from keepers.data.read import Dataset, read
from keepers.domain.errors import AmbiguousColumnsError, ConfigError, InputError
from keepers.domain.ports import silent
from keepers.pipeline.check import Support, check
from keepers.pipeline.options import RunOptions
from keepers.summaries.summary import summarise

Reader = Callable[..., Dataset]
HEADER = "customer,date,amount\n"


def test_no_customer_column(reading: Reader) -> None:
    with pytest.raises(InputError, match=r"no column that says which customer bought.*order_id, date, amount, product"):
        reading("order_id,date,amount,product\n1,2025-01-01,5.00,x\n2,2025-01-02,6.00,y\n")


def test_no_date_column(reading: Reader) -> None:
    with pytest.raises(InputError, match=r"no column with the date.*--date"):
        reading("customer,amount\na,5.00\nb,6.00\n")


def test_one_column_only(reading: Reader) -> None:
    with pytest.raises(InputError, match="no columns were found"):
        reading("notes\nhello\nworld\n")


def test_rows_that_cannot_be_read_are_put_aside_and_the_others_load(reading: Reader) -> None:
    dataset = reading(
        HEADER
        + "a,2025-01-01,5.00\nb,soon,6.00\nc,2025-01-03,lots\nd,,7.00\ne,2025-01-05,\nf,2025-02-30,8\ng,2025-01-06,9\n"
    )
    account = dataset.reconciliation
    assert account.orders == 2
    assert account.files[0].rows_quarantined == 5
    found = dict(dataset.engine.rows("SELECT line, reason FROM quarantine ORDER BY 1"))
    assert found == {
        3: "`date` is soon: its date cannot be read",
        4: "`amount` is lots, which is no number",
        5: "it has no date",
        6: "it has no amount",
        7: "`date` is 2025-02-30: its date cannot be read",
    }
    content = json.loads(dataset.engine.row("SELECT content FROM quarantine WHERE line = 3")[0])
    assert content["customer"] == "b"
    # What could be read of the rows put aside is in the account: 6 + 7 + 8.
    assert account.amount("quarantined") == Decimal("21")
    assert account.amount("file") == Decimal("35")


def test_single_dates_in_the_future_are_put_aside(reading: Reader) -> None:
    account = reading(HEADER + "a,2025-01-01,5\nb,2099-01-01,6\na,2025-02-01,7\n").reconciliation
    assert account.orders == 2
    assert account.quarantine[0].reason == "its date is in the future"
    assert account.last_day == dt.date(2025, 2, 1)


def test_a_file_from_the_future_is_counted_with_a_warning(reading: Reader) -> None:
    dataset = reading(HEADER + "a,2025-01-01,5\nb,2025-01-02,6\na,2025-02-01,7\n", now=dt.datetime(2024, 1, 1))
    assert dataset.reconciliation.orders == 3
    assert "dated after today" in dataset.reconciliation.warnings[0]


def test_mixed_date_formats_are_each_read(reading: Reader) -> None:
    dataset = reading(HEADER + 'a,2025-01-05,5\nb,14.02.2025,6\nc,"Mar 3, 2025",7\nd,20250410,8\n')
    assert [row[0] for row in dataset.engine.rows("SELECT day FROM orders ORDER BY 1")] == [
        dt.date(2025, 1, 5), dt.date(2025, 2, 14), dt.date(2025, 3, 3), dt.date(2025, 4, 10),
    ]  # fmt: skip


def test_two_orders_of_day_and_month_in_one_column(reading: Reader) -> None:
    mixed = HEADER + "".join(f"c{i},{day},5\n" for i, day in enumerate(["25/01/2025", "01/25/2025", "03/04/2025"] * 5))
    with pytest.raises(AmbiguousColumnsError, match="mixes two orders of day and month"):
        reading(mixed)
    slip = HEADER + "".join(f"c{i},{20 + i % 8}/01/2025,5\n" for i in range(40)) + "x,01/25/2025,5\n"
    account = reading(slip).reconciliation
    assert (account.orders, account.rows_quarantined) == (40, 1)
    assert "the rest of the column day before month" in account.quarantine[0].reason


def test_only_negative_amounts(reading: Reader) -> None:
    with pytest.raises(InputError, match=r"Every amount is below zero \(2 rows, -11.00"):
        reading(HEADER + "a,2025-01-01,-5\nb,2025-01-02,-6\n")


def test_all_rows_of_one_customer(reading: Reader) -> None:
    account = reading(HEADER + "a,2025-01-01,5\na,2025-01-02,6\n").reconciliation
    assert account.warnings == [
        "All 2 orders are of one customer (a); nothing can be learned about customers from that. Is the customer's "
        "column the right one?"
    ]


def test_one_order_each(reading: Reader) -> None:
    account = reading(HEADER + "a,2025-01-01,5\nb,2025-01-02,6\n").reconciliation
    assert "bought on a second day" in account.warnings[0]


def test_two_currencies_are_refused_with_the_list_or_converted(reading: Reader) -> None:
    text = "customer,date,amount,currency\na,2025-01-01,10,EUR\nb,2025-01-02,20,USD\na,2025-01-03,30,EUR\n"
    with pytest.raises(InputError, match=r"2 currencies \(EUR 40.00 in 2 orders; USD 20.00 in 1 order\)"):
        reading(text)
    with pytest.raises(InputError, match="No rate is given for USD"):
        reading(text, rates={"EUR": 1, "GBP": 1.2})
    dataset = reading(text, rates={"EUR": 1.08, "USD": 1})
    assert dataset.currency == "USD"
    assert dataset.reconciliation.amount("net") == Decimal("63.2")
    assert any("converted at 1.08 USD" in finding.text for finding in dataset.reconciliation.findings)
    assert reading(text.replace("USD", "EUR")).currency == "EUR"


def test_options_say_what_is_allowed(reading: Reader) -> None:
    text = HEADER + "a,2025-01-01,5\n"
    for options, message in (
        ({"time_zone": "Mars"}, "not a time zone"),
        ({"date_order": "ymd"}, "must be 'dmy'"),
        ({"rates": {"EUR": 0}}, "must be above 0"),
        ({"currency": "Euro"}, "three letters"),
        ({"duplicate_lines": "merge"}, "'keep' or 'drop'"),
        ({"format": "nonsense"}, "no format 'nonsense'"),
    ):
        with pytest.raises(ConfigError, match=message):
            reading(text, **options)


def test_ids_keep_leading_zeros_and_letters_of_any_script(reading: Reader) -> None:
    dataset = reading(
        "Customer ID,Order Date,Total\n'00042,2025-01-01,5\n00042,2025-02-01,5\nжанна,2025-01-02,5\n李,2025-01-03,5\n"
    )
    assert [row[0] for row in dataset.engine.rows("SELECT DISTINCT customer_key FROM orders ORDER BY 1")] == [
        "00042", "жанна", "李",
    ]  # fmt: skip


def test_ids_that_a_program_wrote_as_decimals_are_whole(reading: Reader) -> None:
    dataset = reading(HEADER + "17850.0,2025-01-01,5\n17850,2025-02-01,5\n13047.0,2025-01-02,5\n")
    assert dataset.reconciliation.customers == 2


def test_an_unknown_status_is_counted_and_named(reading: Reader) -> None:
    account = reading("customer,date,amount,status\na,2025-01-01,5,paid\nb,2025-01-02,6,quux\n").reconciliation
    assert account.orders == 2
    assert any("Not known as a status: 'quux' (1 row)" in text for text in account.warnings)


def test_test_orders_do_not_count(reading: Reader) -> None:
    account = reading("customer,date,amount,status\na,2025-01-01,5,paid\nb,2025-01-02,6,test\n").reconciliation
    assert (account.orders, account.count("test"), account.amount("test")) == (1, 1, Decimal("6"))


def test_outliers_are_named_and_kept(reading: Reader) -> None:
    rows = "".join(f"c{i % 20},2025-01-{i % 28 + 1:02d},{10 + i % 5}\n" for i in range(80))
    account = reading(HEADER + rows + "c1,2025-02-01,250000\nc2,1970-01-01,10\n").reconciliation
    assert account.orders == 82
    keys = {finding.key for finding in account.findings}
    assert {"large orders", "early days"} <= keys


def test_a_collective_account_is_named(reading: Reader) -> None:
    rows = "".join(f"{'till' if i % 2 else f'c{i}'},2025-01-{i % 28 + 1:02d},10\n" for i in range(200))
    assert any("Customer till has 100 of 200 orders" in text for text in reading(HEADER + rows).reconciliation.warnings)


def test_a_file_that_is_no_table_of_sales_is_left_out_with_a_word(reading: Reader) -> None:
    good = HEADER + "a,2025-01-01,5\nb,2025-01-02,6\n"
    account = reading(good, "colour,shape\nred,round\nblue,square\n").reconciliation
    assert account.orders == 2
    assert any("export_1.csv was not used" in text for text in account.warnings)


def test_spend_without_days_is_put_aside(reading: Reader) -> None:
    dataset = reading("Campaign,Currency code,Cost,Impr.,Clicks\nBrand,EUR,10.50,100,3\n")
    assert dataset.engine.rows("SELECT reason FROM quarantine") == [("it has no day; download the report by day",)]
    with pytest.raises(InputError, match="no orders in what was read"):
        _ = dataset.orders


def test_amounts_that_a_spreadsheet_shortened_are_read_and_others_with_letters_inside_are_put_aside(
    reading: Reader,
) -> None:
    account = reading(
        HEADER + "a,2025-01-01,$1.25E+03\na,2025-01-02,1.5E+02\nb,2025-01-03,20.5\nb,2025-01-04,12 x 30\n"
    ).reconciliation
    assert account.amount("counted") == Decimal("170.5")
    assert [(line.reason, line.rows) for line in account.quarantine] == [
        ("`amount` holds something that is no number", 2),
    ]
    assert reading(HEADER + "a,2025-01-01,1.25E+03\nb,2025-01-02,9.9E+01\n").reconciliation.amount("counted") == 1349


def test_a_column_of_money_that_holds_none_is_named(reading: Reader) -> None:
    dataset = reading(HEADER + "a,2025-01-01,abc\nb,2025-01-02,def\na,2025-01-03,ghi\n")
    assert not dataset.orders.has_money
    assert "`amount` of export_0.csv is named as money" in dataset.reconciliation.warnings[0]


def test_swapped_columns_are_named(reading: Reader) -> None:
    with pytest.raises(InputError, match="`customer` holds dates: are columns swapped"):
        reading("date,customer,amount\n7,2025-01-01,5.10\n8,2025-01-02,6.20\n")
    with pytest.raises(InputError, match="`email` is empty"):
        reading("email,date,total\n,2025-01-01,5\n,2025-01-02,6\n")
    account = reading("amount,date,customer\n7,2025-01-01,5.15\n8,2025-01-02,6.25\n8,2025-01-03,5.15\n").reconciliation
    assert "taken for the customer, holds values such as" in account.warnings[0]


def test_ids_that_a_spreadsheet_cut_are_named(reading: Reader) -> None:
    account = reading(HEADER + "12.5,2025-01-01,5\n1E+11,2025-01-02,6\n1E+11,2025-01-09,5\n").reconciliation
    said = "2 of the first 3 customers in `customer` of export_0.csv are written like 1E+11: a"
    assert account.warnings[0].startswith(said)
    plain = reading(HEADER + "17850.0,2025-01-01,5\n13047.0,2025-01-02,5\n17850.0,2025-01-09,5\n").reconciliation
    assert plain.warnings == []


def test_amounts_in_cents_are_brought_to_the_main_unit(reading: Reader) -> None:
    text = "customer,date,amount_cents\na,2025-01-01,1999\nb,2025-01-02,501\na,2025-01-03,100\n"
    assert reading(text).reconciliation.amount("counted") == Decimal("26")
    joined = reading(text.replace("1999", '"$1,999"').replace("amount_cents", "Amount (pence)")).reconciliation
    assert joined.amount("counted") == Decimal("26")


def test_amounts_that_may_be_thousands_are_named(reading: Reader) -> None:
    rows = "a,2025-01-01,24.123\nb,2025-01-02,31.500\nb,2025-01-03,7\n"
    assert "decimals or thousands" in reading(HEADER + rows).reconciliation.warnings[0]
    shown = reading(HEADER + rows + "a,2025-01-05,3.99\n").reconciliation
    assert (shown.warnings, shown.amount("counted")) == ([], Decimal("66.613"))


@pytest.mark.parametrize("header", [HEADER, "Kunde,Bestelldatum,Betrag\n"])
def test_nobody_marks_thousands_behind_a_zero(reading: Reader, header: str) -> None:
    for mark in (".", ","):
        rows = "".join(f'a{n % 3},2025-01-{n:02},"0{mark}5{n:02}"\n' for n in range(1, 10))
        account = reading(header + rows).reconciliation
        assert (account.warnings, account.amount("counted")) == ([], Decimal("4.545"))


def test_orders_that_were_all_given_back_are_an_answer(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text("customer,date,amount,refunded\na,2025-01-01,5,5\nb,2025-01-02,6,6\na,2025-01-03,7,7\n")
    (question,) = check([str(path)], RunOptions(), silent).questions
    assert (question.support, "given back in full" in question.because) == (Support.NO, True)
    with pytest.raises(InputError, match="that was not cancelled or given back in full"):
        summarise(read(path).orders)


def test_rows_without_a_day_are_no_orders_and_the_reason_is_said(tmp_path: Path) -> None:
    path = tmp_path / "purchase.json"
    path.write_text('{"ecommerce": {"transaction_id": "T1", "purchase_revenue": 16.0, "tax_value": 0}}')
    (question,) = check([str(path)], RunOptions(), silent).questions
    assert question.because.startswith("No row is an order that can be used. 1 row")
    with pytest.raises(InputError, match=r"The only row is no order that can be used: it has no date"):
        _ = read(path).orders
