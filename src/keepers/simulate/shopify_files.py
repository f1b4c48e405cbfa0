"""The store's sales in the layouts that Shopify exports: orders, payment transactions, customers and products."""

from __future__ import annotations

from collections.abc import Mapping

from keepers.data.engine import literal, quoted
from keepers.data.table import Table
from keepers.simulate.shop import NAME

ORDERS = (
    "Name,Email,Financial Status,Paid at,Fulfillment Status,Fulfilled at,Accepts Marketing,Currency,Subtotal,Shipping,"
    "Taxes,Total,Discount Code,Discount Amount,Shipping Method,Created at,Lineitem quantity,Lineitem name,"
    "Lineitem price,Lineitem compare at price,Lineitem sku,Lineitem requires shipping,Lineitem taxable,"
    "Lineitem fulfillment status,Billing Name,Billing Street,Billing Address1,Billing Address2,Billing Company,"
    "Billing City,Billing Zip,Billing Province,Billing Country,Billing Phone,Shipping Name,Shipping Street,"
    "Shipping Address1,Shipping Address2,Shipping Company,Shipping City,Shipping Zip,Shipping Province,"
    "Shipping Country,Shipping Phone,Notes,Note Attributes,Cancelled at,Payment Method,Payment Reference,"
    "Refunded Amount,Vendor,Outstanding Balance,Employee,Location,Device ID,Id,Tags,Risk Level,Source,"
    "Lineitem discount,Tax 1 Name,Tax 1 Value,Tax 2 Name,Tax 2 Value,Tax 3 Name,Tax 3 Value,Tax 4 Name,Tax 4 Value,"
    "Tax 5 Name,Tax 5 Value,Phone,Receipt Number,Duties,Billing Province Name,Shipping Province Name,Payment ID,"
    "Payment Terms Name,Next Payment Due At,Payment References"
)
"""Columns of the orders export, in their order."""
TRANSACTIONS = (
    "Transaction Date,Type,Order,Card Brand,Card Source,Payout Status,Payout Date,Payout ID,Available On,Amount,Fee,"
    "Net,Checkout,Payment Method Name,Presentment Amount,Presentment Currency,Currency"
)
CUSTOMERS = (
    "Customer ID,First Name,Last Name,Email,Accepts Email Marketing,Default Address Company,Default Address Address1,"
    "Default Address Address2,Default Address City,Default Address Province Code,Default Address Country Code,"
    "Default Address Zip,Default Address Phone,Phone,Accepts SMS Marketing,Total Spent,Total Orders,Note,Tax Exempt,"
    "Tags,Age band (customer.metafields.facts.age_band),Shops for (customer.metafields.facts.shops_for)"
)
PRODUCTS = (
    "Handle,Title,Body (HTML),Vendor,Product Category,Type,Tags,Published,Option1 Name,Option1 Value,Variant SKU,"
    "Variant Inventory Policy,Variant Fulfillment Service,Variant Price,Variant Requires Shipping,Variant Taxable,"
    "Cost per item,Status"
)

_CENTS = "DECIMAL(18, 2)"


def shopify_queries(tables: Mapping[str, Table], time_zone: str) -> dict[str, tuple[str, str]]:
    """File name and query, by the table that the file is about."""
    named = {name: quoted(table.name) for name, table in tables.items()}
    queries = {"orders": ("orders_export.csv", _orders(named, time_zone))}
    if "refunds" in named:
        queries["refunds"] = ("payment_transactions_export.csv", _transactions(named, time_zone))
    if "customers" in named and "persons" in named:
        queries["customers"] = ("customers_export.csv", _customers(named))
    if "products" in named:
        queries["products"] = ("products_export.csv", _products(named))
    return queries


def _listed(layout: str, values: Mapping[str, str]) -> str:
    """The columns of a layout in their order; those without a value stay empty."""
    return ", ".join(f"{values.get(column, 'NULL')} AS {quoted(column)}" for column in layout.split(","))


def _stamp(column: str, time_zone: str) -> str:
    """An instant as the shop's own time with its distance from UTC: ``2026-09-03 10:15:00 -0400``."""
    if time_zone == "UTC":
        return f"strftime({column}, '%Y-%m-%d %H:%M:%S') || ' +0000'"
    local = f"timezone({literal(time_zone)}, timezone('UTC', {column}))"
    ahead = f"date_diff('minute', {column}, {local})"
    sign = f"CASE WHEN {ahead} < 0 THEN ' -' ELSE ' +' END"
    distance = f"printf('%02d%02d', abs({ahead}) // 60, abs({ahead}) % 60)"
    return f"strftime({local}, '%Y-%m-%d %H:%M:%S') || {sign} || {distance}"


def _orders(named: Mapping[str, str], time_zone: str) -> str:
    """One row a line, newest order first; what belongs to the order stands on its first line."""
    known = "persons" in named and "customers" in named
    created = _stamp("o.occurred_at", time_zone)
    cancelled = _stamp("greatest(o.refunded_at, o.occurred_at)", time_zone)
    own = {
        "Email": "p.email" if known else "lower(o.customer_key) || '@mail.example'",
        "Financial Status": """CASE WHEN o.status = 'pending' THEN 'pending' WHEN o.status = 'void' THEN 'voided'
            WHEN o.back >= o.amount THEN 'refunded' WHEN o.back > 0 THEN 'partially_refunded' ELSE 'paid' END""",
        "Paid at": f"CASE WHEN o.counted THEN {created} END",
        "Fulfillment Status": "CASE WHEN o.counted AND o.voided_on IS NULL THEN 'fulfilled' ELSE 'unfulfilled' END",
        "Accepts Marketing": "CASE WHEN c.accepts_marketing THEN 'yes' ELSE 'no' END" if known else "'no'",
        "Currency": "o.currency",
        "Subtotal": f"o.amount::{_CENTS}",
        "Shipping": f"coalesce(o.shipping, 0)::{_CENTS}",
        "Taxes": f"coalesce(o.tax, 0)::{_CENTS}",
        "Total": f"o.charged::{_CENTS}",
        "Discount Code": "o.discount_code",
        "Discount Amount": f"coalesce(o.discount, 0)::{_CENTS}",
        "Shipping Method": "CASE WHEN o.customer_key IS NULL THEN 'Pickup' ELSE 'Standard' END",
        "Created at": created,
        "Billing Country": "o.country",
        "Shipping Country": "o.country",
        "Cancelled at": f"CASE WHEN o.voided_on IS NOT NULL THEN {cancelled} END",
        "Payment Method": "CASE WHEN o.counted THEN 'card' END",
        "Refunded Amount": f"CASE WHEN o.back >= o.amount THEN o.charged ELSE o.back END::{_CENTS}",
        "Id": "5550000000000 + substr(o.order_id, 2)::BIGINT",
        "Source": "o.channel",
    }
    if known:
        for part in ("Billing", "Shipping"):
            own |= {f"{part} Name": "p.name", f"{part} City": "c.city", f"{part} Province": "c.region"}
    every = {
        "Name": "o.order_id",
        "Email": own["Email"],
        "Lineitem quantity": "l.quantity::BIGINT",
        "Lineitem name": "l.product",
        "Lineitem price": f"l.unit_price::{_CENTS}",
        "Lineitem sku": "l.sku",
        "Lineitem requires shipping": "'true'",
        "Lineitem taxable": "'true'",
        "Lineitem fulfillment status": "CASE WHEN o.counted THEN 'fulfilled' ELSE 'pending' END",
        "Vendor": "l.category",
        "Lineitem discount": "0.00",
    }
    first = {column: f"CASE WHEN l.place = 1 THEN {value} END" for column, value in own.items()}
    people = """LEFT JOIN {persons} p ON p.customer_key = o.customer_key
        LEFT JOIN {customers} c ON c.customer_key = o.customer_key"""
    return f"""WITH {_whole_orders(named)}, {_lines(named)}
        SELECT {_listed(ORDERS, first | every)}
        FROM whole_orders o JOIN lines l ON l.order_id = o.order_id {people.format(**named) if known else ""}
        ORDER BY substr(o.order_id, 2)::BIGINT DESC, l.place"""


def _whole_orders(named: Mapping[str, str]) -> str:
    """Orders with what was charged and what was given back."""
    if "refunds" not in named:
        return f"""whole_orders AS (
            SELECT *, coalesce(gross, amount) AS charged, 0 AS back, NULL::TIMESTAMP AS refunded_at
            FROM {named["orders"]})"""
    return f"""given_back AS (
            SELECT order_id, sum(amount) AS back, max(occurred_at) AS refunded_at FROM {named["refunds"]} GROUP BY 1),
        whole_orders AS (
            SELECT o.*, coalesce(o.gross, o.amount) AS charged, coalesce(r.back, 0) AS back, r.refunded_at
            FROM {named["orders"]} o LEFT JOIN given_back r ON r.order_id = o.order_id)"""


def _lines(named: Mapping[str, str]) -> str:
    """Lines with their place in the order; one line an order where the store has no articles."""
    if "order_lines" not in named:
        return f"""lines AS (SELECT order_id, 1 AS place, 1 AS quantity, 'Order' AS product, amount AS unit_price,
            NULL AS sku, category FROM {named["orders"]})"""
    place = "row_number() OVER (PARTITION BY order_id ORDER BY length(source_id), source_id)"
    return f"lines AS (SELECT *, {place} AS place FROM {named['order_lines']})"


def _transactions(named: Mapping[str, str], time_zone: str) -> str:
    """Charges of paid orders, and refunds at their own time."""
    values = {
        "Transaction Date": _stamp("occurred_at", time_zone),
        "Type": "type",
        "Order": "order_id",
        "Card Brand": "['visa', 'mastercard', 'american_express'][substr(order_id, 2)::BIGINT % 3 + 1]",
        "Card Source": "'online'",
        "Payout Status": "'paid'",
        "Amount": f"amount::{_CENTS}",
        "Fee": f"fee::{_CENTS}",
        "Net": f"(amount - fee)::{_CENTS}",
        "Payment Method Name": "'card'",
        "Presentment Amount": f"amount::{_CENTS}",
        "Presentment Currency": "currency",
        "Currency": "currency",
    }
    return f"""WITH {_whole_orders(named)},
        moves AS (
            SELECT occurred_at, 'charge' AS type, order_id, charged AS amount, 0.029 * charged + 0.30 AS fee, currency
            FROM whole_orders WHERE counted
            UNION ALL
            SELECT r.occurred_at, 'refund', r.order_id,
                   -CASE WHEN r.amount >= o.amount THEN o.charged ELSE r.amount END, 0, r.currency
            FROM {named["refunds"]} r JOIN whole_orders o ON o.order_id = r.order_id)
        SELECT {_listed(TRANSACTIONS, values)} FROM moves ORDER BY occurred_at, order_id, type"""


def _customers(named: Mapping[str, str]) -> str:
    values = {
        "Customer ID": "'''' || (7200000000000 + substr(c.customer_key, 2)::BIGINT)",
        "First Name": "split_part(p.name, ' ', 1)",
        "Last Name": "split_part(p.name, ' ', 2)",
        "Email": "p.email",
        "Accepts Email Marketing": "CASE WHEN c.accepts_marketing THEN 'yes' ELSE 'no' END",
        "Default Address City": "c.city",
        "Default Address Province Code": "c.region",
        "Default Address Country Code": "c.country",
        "Accepts SMS Marketing": "'no'",
        "Total Spent": f"coalesce(c.claimed_revenue, 0)::{_CENTS}",
        "Total Orders": "coalesce(c.claimed_orders, 0)",
        "Tax Exempt": "'no'",
        "Tags": "c.channel",
    }
    joined = ""
    if "customer_attributes" in named:
        values |= {
            f"{title} (customer.metafields.facts.{name})": f"a.{name}"
            for title, name in (("Age band", "age_band"), ("Shops for", "shops_for"))
        }
        joined = f"""LEFT JOIN (
            SELECT customer_key, max(value) FILTER (attribute = 'age_band') AS age_band,
                   max(value) FILTER (attribute = 'shops_for') AS shops_for
            FROM {named["customer_attributes"]} GROUP BY 1) a ON a.customer_key = c.customer_key"""
    return f"""SELECT {_listed(CUSTOMERS, values)}
        FROM {named["customers"]} c JOIN {named["persons"]} p ON p.customer_key = c.customer_key {joined}
        ORDER BY c.customer_key"""


def _products(named: Mapping[str, str]) -> str:
    values = {
        "Handle": "trim(regexp_replace(lower(product), '[^a-z0-9]+', '-', 'g'), '-')",
        "Title": "product",
        "Vendor": literal(NAME),
        "Type": "category",
        "Published": "'true'",
        "Option1 Name": "'Title'",
        "Option1 Value": "'Default Title'",
        "Variant SKU": "sku",
        "Variant Inventory Policy": "'deny'",
        "Variant Fulfillment Service": "'manual'",
        "Variant Price": f"price::{_CENTS}",
        "Variant Requires Shipping": "'true'",
        "Variant Taxable": "'true'",
        "Cost per item": f"unit_cost::{_CENTS}",
        "Status": "'active'",
    }
    return f"SELECT {_listed(PRODUCTS, values)} FROM {named['products']} ORDER BY sku"
