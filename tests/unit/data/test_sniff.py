"""Layouts of delimited text are told from the first lines."""

from __future__ import annotations

import pytest

from keepers.data.sniff import cell_class, layout_of, layout_of_rows, parsed


def _layout(text: str, delimiter: str | None = None):  # type: ignore[no-untyped-def]
    return layout_of(text.splitlines(keepends=True), delimiter)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("", "empty"),
        ("  ", "empty"),
        ("12", "number"),
        ("-1.234,50", "number"),
        ("1'234.50", "number"),
        ("1 234,50", "number"),
        ("(12.00)", "number"),
        ("$1,200.50", "number"),
        ("-$3.00", "number"),
        ("12,50 €", "number"),
        ("EUR 12.50", "number"),
        ("12.50 USD", "number"),
        ("45%", "number"),
        ("#1001", "number"),
        ("20260131", "number"),
        ("2026-01-31", "date"),
        ("2026-01-31T10:00:00Z", "date"),
        ("2026-01-31 10:00:00 +0200", "date"),
        ("31/12/2026", "date"),
        ("31.12.26", "date"),
        ("Jan 5, 2026", "date"),
        ("5 Januar 2026", "date"),
        ("10:15", "time"),
        ("10:15:00 PM", "time"),
        ("ada@example.com", "email"),
        ("yes", "flag"),
        ("Ada", "text"),
        ("ch_3ABC", "text"),
        ("12 Main Street", "text"),
        ("x" * 200, "text"),
    ],
)
def test_cells_are_classed(cell: str, expected: str) -> None:
    assert cell_class(cell) == expected


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", "^", "~", "\x01", "¦"])
def test_delimiters_are_found(delimiter: str) -> None:
    rows = [["id", "name", "amount"], ["1", "Ada Example", "2.50"], ["2", "Bo", "3.00"]]
    layout = _layout("\n".join(delimiter.join(row) for row in rows))
    assert (layout.delimiter, layout.names, layout.header, layout.first_row) == (delimiter, tuple(rows[0]), True, 2)


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("datum;betrag;menge\n01.02.2026;1,50;2,0\n02.02.2026;3,50;1,0\n", ";"),
        ("id;note\n1;a, b, c\n2;d, e, f\n3;g, h, i\n", ";"),
        ('id,name,note\n1,"a;b;c",x\n2,"d;e;f",y\n', ","),
        ("id\tname, first\n1\tA, B\n2\tC, D\n", "\t"),
        ("a,b\n1|2,3\n4|5,6\n", ","),
        ("path,value\na > b > c,1\na > c,2\n", ","),
    ],
)
def test_the_right_one_of_several_is_found(text: str, delimiter: str) -> None:
    assert _layout(text).delimiter == delimiter


def test_blanks_separate_where_nothing_else_does() -> None:
    layout = _layout(" 00004 0001 19970101  2   29.33\r\n 00004 0001 19970118  2   29.73\r\n")
    assert (layout.delimiter, layout.width, layout.header, layout.first_row) == (" ", 5, False, 1)


@pytest.mark.parametrize(
    "text",
    [
        "name\nAda\nBo\n",
        "This is a letter.\nIt has lines of varying length\nand no table at all.\n",
        "ada@example.com\nbo@example.com\n",
        "42\n",
    ],
)
def test_where_there_are_no_columns_none_are_found(text: str) -> None:
    assert _layout(text) is None


def test_titles_comments_and_group_headings_come_before_the_header() -> None:
    for before in (
        'Campaign report\n"1 September 2026 - 30 September 2026"\n',
        "# ----\n# Start date: 20260501\n\n",
        "Campaign report,,\nAll time,,\n",
        ",Money,\n\n",
        "sep=,\n",
        "Report, daily\n",
    ):
        layout = _layout(before + "Day,Cost,Clicks\n2026-09-01,1.50,3\n2026-09-02,2.50,4\n")
        assert layout.names == ("Day", "Cost", "Clicks"), before
        assert layout.first_row == before.count("\n") + 2, before


def test_a_comment_sign_begins_no_comment_where_rows_begin_with_it() -> None:
    layout = _layout("Name,Email,Total\n#1001,ada@example.com,5.00\n#1002,bo@example.com,6.00\n")
    assert (layout.first_row, layout.rows, layout.classes) == (2, 2, ("number", "email", "number"))


@pytest.mark.parametrize(
    ("text", "header"),
    [
        ("HP1;12/09/2026;99,90;ada@example.com\nHP2;13/09/2026;19,90;bo@example.com\n", False),
        ("id;date;price;email\nHP2;13/09/2026;19,90;bo@example.com\n", True),
        ("1,2,3\n4,5,6\n", False),
        ("name,city\nAda,London\nBo,Oslo\n", True),
        ("Ada,London\nBo,Oslo\nAda,Oslo\nCy,London\n", False),
        ("customer,2019,2020\nada,1.5,2.5\nbo,3.5,1.5\n", True),
        ("id,vip\n1,yes\n2,no\n", True),
        (",timestamp,item\n0,2019-11-24 00:00:34,14\n1,2019-11-24 00:00:53,14\n", True),
    ],
)
def test_headers_and_their_absence(text: str, header: bool) -> None:
    layout = _layout(text)
    assert layout.header is header
    assert layout.first_row == 1 + header
    assert all(not name for name in layout.names) or header


def test_a_header_alone() -> None:
    layout = _layout("id,amount\n")
    assert (layout.rows, layout.header, layout.names) == (0, True, ("id", "amount"))


def test_rows_that_end_early_by_habit_are_filled_up() -> None:
    assert _layout("a,b,c,d\n1,2\n4,5\n7,8,9\n10,11,12,13\n").pads
    assert not _layout("a,b,c,d\n" + "1,2,3,4\n" * 20 + "1,2\n").pads


def test_ends_without_a_name_are_columns_only_where_they_hold_something() -> None:
    assert _layout("a,b,c\n1,2,3,\n4,5,6,\n").width == 3
    assert _layout("a,b,c\n1,2,3,x\n4,5,6,\n").width == 4


def test_a_quoted_field_may_hold_lines_and_delimiters() -> None:
    text = 'id,note,amount\n1,"two\nlines, and more",2\n2,"x ""y""",3\n'
    layout = _layout(text)
    assert (layout.width, layout.rows, layout.share) == (3, 2, 1.0)
    assert parsed(text.splitlines(keepends=True), layout) == [["1", "two\nlines, and more", "2"]]


def test_a_delimiter_that_is_named_is_taken() -> None:
    assert _layout("a;b,c;d\n1;2,3;4\n", ",").names == ("a;b", "c;d")
    assert _layout("a;b;c\n1;2;3\n", ",") is None


def test_rows_that_are_split_already() -> None:
    layout = layout_of_rows(
        [(1, ["Sales 2026", "", ""]), (2, ["", "", ""]), (3, ["Id", "Day", "Total"]), (4, ["1", "2026-01-01", "2"])]
    )
    assert layout is not None
    assert (layout.names, layout.first_row) == (("Id", "Day", "Total"), 4)
