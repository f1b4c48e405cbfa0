"""Encodings are told from bytes alone."""

from __future__ import annotations

import pytest

from keepers.data.encoding import encoding_of, is_mostly_utf8, is_utf8

GERMAN = "id;Käufer;Straße\n1;Müller;Hauptstraße 5\n2;Jürgen Groß;Königsallee 3 – Büro\n"
FRENCH = "id;prénom;ville\n1;Hélène;Besançon\n2;François;Orléans – l’île\n"
POLISH = "id;nazwa\n1;Łukasz Wiśniewski\n2;Żółć gęślą jaźń\n3;Paweł Dąbrowski\n4;Małgorzata Kowalczyk\n"
RUSSIAN = "номер;имя\n1;Иван Петров\n2;Мария Сидорова\n"
JAPANESE = "注文番号,氏名\n1,山田太郎\n2,鈴木花子\n"


@pytest.mark.parametrize(
    ("text", "written", "told"),
    [
        (GERMAN, "utf-8", "utf-8"),
        (GERMAN, "utf-8-sig", "utf-8-sig"),
        (GERMAN, "utf-16", "utf-16"),
        (GERMAN, "utf-16-le", "utf-16-le"),
        (GERMAN, "utf-16-be", "utf-16-be"),
        (GERMAN, "utf-32", "utf-32"),
        (GERMAN, "cp1252", "cp1252"),
        (GERMAN, "mac_roman", "mac-roman"),
        (GERMAN.replace("–", "-"), "cp850", "cp850"),
        (FRENCH, "cp1252", "cp1252"),
        ("id;namn\n1;Åsa Öberg\n2;Måns Malmström\n", "latin-1", "cp1252"),
        ("id;navn\n1;Søren Ørsted\n2;Åse Bæk\n", "cp1252", "cp1252"),
        ("id;nombre\n1;Muñoz Íñigo\n2;José Pérez\n", "cp1252", "cp1252"),
        ("id;price\n1;€ 5,00\n2;£6.00\n3;½ kg, 20 m² ±1 °C\n", "cp1252", "cp1252"),
        (POLISH, "cp1250", "cp1250"),
        (RUSSIAN, "cp1251", "cp1251"),
        (JAPANESE, "cp932", "cp932"),
        ("id,name\n1,Ada\n", "ascii", "utf-8"),
        ("", "ascii", "utf-8"),
    ],
)
def test_encodings_are_told_apart(text: str, written: str, told: str) -> None:
    raw = text.encode(written)
    encoding = encoding_of(raw, complete=True)
    assert encoding == told
    assert raw.decode(encoding) == text


def test_a_character_cut_at_the_end_of_the_sample_is_no_error() -> None:
    cut = "Käufer".encode()[:2]
    assert encoding_of(cut) == "utf-8"
    assert encoding_of(cut, complete=True) == "cp1252"
    assert is_utf8(cut)
    assert not is_utf8(cut, complete=True)


def test_bytes_that_no_code_page_knows_are_still_read() -> None:
    assert bytes([0x81, 0x41, 0x0A]).decode(encoding_of(bytes([0x81, 0x41, 0x0A]), complete=True))


def test_files_put_together_are_mostly_utf8() -> None:
    assert is_mostly_utf8("ä,ö\n".encode() + "ü\n".encode("cp1252"))
    assert not is_mostly_utf8("Müller, Söhne\n".encode("cp1252"))
