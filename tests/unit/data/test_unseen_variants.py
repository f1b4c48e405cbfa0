"""Layouts that nobody declared: other languages, orders of columns, marks and dates are read by the general rules."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest

from keepers.data.connect import open_location
from keepers.data.engine import Engine
from keepers.data.read import Dataset
from keepers.data.recognise import recognise
from keepers.domain.errors import AmbiguousColumnsError, InputError

Reader = Callable[..., Dataset]
HEADERS = Path(__file__).parents[4] / "shared" / "data" / "exports" / "HEADERS.md"


@dataclass(frozen=True)
class Variant:
    """A text, the roles that must be found in it, and what it says."""

    text: str
    roles: dict[str, str]
    counted: int
    net: str
    currency: str = "unspecified"
    days: tuple[str, ...] = ()


VARIANTS = {
    "german": Variant(
        "Bestell-Nr.;Kunden-Nr.;Bestelldatum;Gesamtbetrag;MwSt.;Versandkosten;Währung;Status\n"
        "B1;0042;03.02.2025;119,00 €;19,00 €;4,90 €;EUR;Bezahlt\n"
        "B2;0043;04.02.2025;1.190,50 €;190,08 €;0,00 €;EUR;Storniert\n"
        "B3;0042;05.03.2025;59,90 €;9,56 €;4,90 €;EUR;Versendet\n",
        {"order_id": "Bestell-Nr.", "customer_id": "Kunden-Nr.", "gross": "Gesamtbetrag", "tax": "MwSt."},
        2, "140.54", "EUR", ("2025-02-03", "2025-03-05"),
    ),
    "french": Variant(
        "N° de commande;Adresse e-mail;Date de commande;Montant TTC;TVA;Frais de port;État\n"
        "1001;Aline@exemple.test;03/02/2025;1 240,50;206,75;5,00;Terminée\n"
        "1002;bruno@exemple.test;14/02/2025;60,00;10,00;5,00;Annulée\n"
        "1003;aline@exemple.test;02/03/2025;30,00;5,00;5,00;Remboursée\n",
        {"order_id": "N° de commande", "email": "Adresse e-mail", "gross": "Montant TTC", "status": "État"},
        2, "1028.75", days=("2025-02-03", "2025-03-02"),
    ),
    "dutch": Variant(
        'Ordernummer,Klantnr,Orderdatum,Totaal,BTW\n1,k1,3 mrt 2025,"12,10","2,10"\n'
        '2,k2,15 mei 2025,"1.024,20","4,20"\n',
        {"order_id": "Ordernummer", "customer_id": "Klantnr", "date": "Orderdatum", "gross": "Totaal", "tax": "BTW"},
        2, "1030", days=("2025-03-03", "2025-05-15"),
    ),
    "spanish": Variant(
        "Nº de pedido;Correo electrónico;Fecha del pedido;Importe total;IVA;Estado del pedido\n"
        "1;ana@e.test;5 de enero de 2025;121,00;21,00;Completado\n"
        "2;bea@e.test;6 de febrero de 2025;60,50;10,50;Cancelado\n"
        "3;ana@e.test;7 de marzo de 2025;12,10;2,10;Completado\n",
        {"email": "Correo electrónico", "gross": "Importe total", "status": "Estado del pedido"},
        2, "110", days=("2025-01-05", "2025-03-07"),
    ),
    "portuguese": Variant(
        "Transação;Data da venda;Valor;Taxa;Moeda;Status;Email;Nome;Produto;Pagamento\n"
        "HP1;12/09/2026;99,90;9,99;USD;approved;eva@p.test;Eva Exemplo;Curso;pix\n"
        "HP2;13/09/2026;1.099,90;9,99;USD;refunded;fabio@p.test;Fabio Exemplo;Curso;pix\n",
        {"email": "Email", "date": "Data da venda", "amount": "Valor", "currency": "Moeda", "product": "Produto"},
        2, "99.90", "USD", ("2026-09-12", "2026-09-13"),
    ),
    "italian": Variant(
        "Numero ordine;Codice cliente;Data ordine;Totale;Spedizione\n1;c1;01/02/2025;20,00;5,00\n"
        "2;c1;28/02/2025;30,00;5,00\n",
        {"order_id": "Numero ordine", "customer_id": "Codice cliente", "gross": "Totale", "shipping": "Spedizione"},
        2, "40", days=("2025-02-01", "2025-02-28"),
    ),
    "lines with the sum on each": Variant(
        "Row ID,Order ID,Order Date,Ship Date,Ship Mode,Customer ID,Customer Name,Segment,Product ID,Product Name,"
        "Sales,Quantity,Discount,Profit\n"
        "1,CA-1,11/8/2016,11/11/2016,Second Class,CG-1,Cla Example,Consumer,F-1,Bookcase,261.96,2,0,41.91\n"
        "2,CA-1,11/8/2016,11/11/2016,Second Class,CG-1,Cla Example,Consumer,F-2,Chair,731.94,3,0,219.58\n"
        "3,CA-2,6/12/2016,6/16/2016,Second Class,DV-1,Dar Example,Corporate,O-1,Labels,14.62,2,0.2,6.87\n",
        {"line_amount": "Sales", "contribution": "Profit", "date": "Order Date", "sku": "Product ID"},
        2, "1008.52", days=("2016-06-12", "2016-11-08"),
    ),
    "a rate of tax is no tax": Variant(
        "Order,Client,Order date,Total,VAT %,Type\n1,a,2025-01-01,119.00,19,new\n2,b,2025-01-02,11.90,19,returning\n",
        {"gross": "Total", "customer_id": "Client"}, 2, "130.9",
    ),
    "a till's lines": Variant(
        "Receipt #,Member No,Sale Date,Qty,Item,Unit Price,Line Total\n"
        "1,M1,2025-01-01,2,Tea,3.50,7.00\n1,M1,2025-01-01,1,Cup,9.00,9.00\n2,M2,2025-01-03,1,Tea,3.50,3.50\n",
        {"order_id": "Receipt #", "customer_id": "Member No", "line_amount": "Line Total", "quantity": "Qty"},
        2, "19.5",
    ),
    "the total of the order on every line": Variant(
        "order_id,customer,date,order_total,sku,qty\n"
        "1,a,2025-01-01,30,X,1\n1,a,2025-01-01,30,Y,2\n2,b,2025-01-02,10,X,1\n3,b,2025-01-05,12,Y,1\n3,b,2025-01-05,12,X,1\n",
        {"gross": "order_total"}, 3, "52",
    ),
    "a marketplace's timestamps": Variant(
        "order_id,customer_unique_id,order_status,order_purchase_timestamp,order_approved_at,order_delivered_carrier_date,payment_value\n"
        "e1,7c,delivered,2017-10-02 10:56:33,2017-10-02 11:07:15,2017-10-04 19:55:00,38.71\n"
        "e2,af,canceled,2018-07-24 20:41:37,2018-07-26 03:24:27,,141.46\n"
        "e3,7c,delivered,2017-11-02 10:56:33,2017-11-02 11:07:15,2017-11-04 19:55:00,20.00\n",
        {"customer_id": "customer_unique_id", "date": "order_purchase_timestamp", "status": "order_status"},
        2, "58.71",
    ),
    "seconds since 1970": Variant(
        "user_id,created_at,total_price\nu1,1735725600,10.5\nu2,1738404000,20\n",
        {"customer_id": "user_id", "date": "created_at", "gross": "total_price"},
        2, "30.5", days=("2025-01-01", "2025-02-01"),
    ),
    "no money": Variant(
        "id,date\n1,2024-01-01\n1,2024-02-01\n2,2024-01-05\n", {"customer_id": "id", "date": "date"}, 3, "0"
    ),
    "no header, semicolons": Variant(
        "HP17093350;12/09/2026;99,90;USD;approved;eva@p.test;Eva\nHP17093351;13/09/2026;10,90;USD;approved;fabio@p.test;Fabio\n",
        {"order_id": "column_1", "date": "column_2", "amount": "column_3", "email": "column_6"},
        2, "110.80", "USD", ("2026-09-12", "2026-09-13"),
    ),
    "tabs, dollars and brackets": Variant(
        "cust\tdate\tsales\n1\t1/10/2024\t$1,200.50\n1\t1/15/2024\t($20.00)\n2\t1/20/2024\t$5.00\n",
        {"customer_id": "cust", "date": "date", "amount": "sales"},
        2, "1185.50", "USD", ("2024-01-10", "2024-01-20"),
    ),
    "currencies on the amounts": Variant(
        'customer,date,amount\n1,2024-01-10,"EUR 1.200,50"\n2,2024-02-10,"EUR 20,00"\n',
        {"amount": "amount"}, 2, "1220.50", "EUR",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", VARIANTS)
def test_a_layout_nobody_declared(reading: Reader, name: str) -> None:
    variant = VARIANTS[name]
    dataset = reading(variant.text)
    source = dataset.sources[0]
    assert {role: source.roles.get(role) for role in variant.roles} == variant.roles
    account = dataset.reconciliation
    assert account.orders == variant.counted
    assert account.amount("net") == Decimal(variant.net)
    assert dataset.currency == variant.currency
    if variant.days:
        assert (str(account.first_day), str(account.last_day)) == variant.days
    assert 0.5 < source.confidence <= 1


def test_columns_may_stand_in_any_order_and_be_renamed_by_hand(reading: Reader) -> None:
    text = "x,total gizmo,who,when seen\n1,10.00,a,2025-01-01\n2,20.00,b,2025-01-02\n"
    dataset = reading(text, columns={"customer": "who", "date": "When Seen", "amount": "total gizmo"})
    assert dataset.reconciliation.amount("net") == Decimal("30")
    assert dataset.sources[0].roles["customer_id"] == "who"
    with pytest.raises(InputError, match="no column 'nobody'"):
        reading(text, columns={"customer": "nobody", "date": "when seen"})
    with pytest.raises(InputError, match="no role a column can play"):
        reading(text, columns={"colour": "who"})


def test_two_columns_that_could_both_be_it_are_asked_about(reading: Reader) -> None:
    text = "customer,date,money one,money two\na,2025-01-01,1.50,2.50\nb,2025-01-02,3.50,4.50\n"
    with pytest.raises(AmbiguousColumnsError, match="Which column is the amount") as raised:
        reading(text)
    assert raised.value.candidates == {"amount": ["money one", "money two"]}
    dataset = reading(text, columns={"amount": "money two"})
    assert dataset.reconciliation.amount("net") == Decimal("7")


def test_a_day_that_could_be_a_month_is_asked_about(reading: Reader) -> None:
    text = "customer,date,amount\na,01/02/2025,5\nb,03/04/2025,6\n"
    with pytest.raises(AmbiguousColumnsError, match="date_order='dmy'") as raised:
        reading(text)
    assert raised.value.candidates == {"date_order": ["dmy", "mdy"]}
    assert reading(text, date_order="mdy").reconciliation.first_day == dt.date(2025, 1, 2)
    assert reading(text, date_order="dmy").reconciliation.first_day == dt.date(2025, 2, 1)


def test_the_order_of_day_and_month_shows_in_the_sequence_of_rows(reading: Reader) -> None:
    rows = "".join(f"c{i % 3},{day},5\n" for i, day in enumerate(
        ["01/02/2025", "05/02/2025", "09/02/2025", "11/02/2025", "02/03/2025", "04/03/2025", "01/04/2025"]
    ))  # fmt: skip
    dataset = reading("customer,date,amount\n" + rows)
    assert (dataset.reconciliation.first_day, dataset.reconciliation.last_day) == (
        dt.date(2025, 2, 1),
        dt.date(2025, 4, 1),
    )
    assert "in order of time that way only" in " ".join(dataset.reconciliation.files[0].notes)


@pytest.mark.skipif(not HEADERS.is_file(), reason="the list of header rows is not beside this checkout")
def test_header_rows_of_many_years_are_told_apart(tmp_path: Path) -> None:
    expected = {
        "shopify_orders": "shopify orders", "shopify_customers": "shopify customers",
        "shopify_products": "shopify products", "stripe_payments": "stripe payments",
        "stripe_customers": "stripe customers", "stripe_application": "stripe application fees",
        "square_transactions": "square transactions", "square_items": "square items", "paypal": "paypal activity",
        "woocommerce_webtoffee": "woocommerce webtoffee", "woocommerce_advanced": "woocommerce advanced",
        "hubspot_contacts": "hubspot contacts", "hubspot_companies": "hubspot companies",
        "hubspot_deals": "hubspot deals", "salesforce": "salesforce leads", "zoho": "zoho leads",
        "mailchimp": "mailchimp audience", "etsy": "etsy orders", "bigcommerce": "bigcommerce orders",
        "meta_ads": "meta ads", "google_ads": "google ads", "ebay": "ebay orders",
    }  # fmt: skip
    sections = re.findall(r"^## (\S+)\n(?:\(.*?\)\n)?```\n(.*?)\n```", HEADERS.read_text("utf-8"), flags=re.S | re.M)
    assert len(sections) >= 36
    for name, header in sections:
        separator = ";" if header.count(";") > header.count(",") else ","
        path = tmp_path / f"{name}.csv"
        cells = header.count(separator) + 1
        path.write_text(f"{header}\n{separator.join('x' * cells)}\n{separator.join('y' * cells)}\n", "utf-8")
        engine = Engine()
        found = recognise(engine, open_location(engine, path)[0])
        wanted = next(format_ for prefix, format_ in expected.items() if name.startswith(prefix))
        assert found.format.name == wanted, name
        engine.close()


@pytest.mark.parametrize(
    "text",
    [
        "顧客番号,注文日,金額\nA1,2025年01月05日,1200\nB2,2025年02月14日,800\nA1,2025年03月03日,500\n",
        "订单号,客户编号,下单时间,订单金额\n7,A1,2025-01-05 10:00:00,1200\n"
        "8,B2,2025-02-14 11:00:00,800\n9,A1,2025-03-03 12:00:00,500\n",
        "Клиент;Дата заказа;Сумма\nA1;05.01.2025;1 200,00\nB2;14.02.2025;800,00\nA1;03.03.2025;500,00\n",
    ],
    ids=["Japanese", "Chinese", "Russian"],
)
def test_headers_and_dates_of_other_scripts(reading: Reader, text: str) -> None:
    account = reading(text).reconciliation
    assert (account.customers, account.amount("counted"), account.first_day) == (2, 2500, dt.date(2025, 1, 5))
