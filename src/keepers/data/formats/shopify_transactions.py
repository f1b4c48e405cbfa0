"""Shopify's payment transactions export: what the card payments of orders were, and when money went back.

Refunds that were pulled have beside it what of them is revenue, which the export has not.
"""

from keepers.data.format import Format, Shape

FORMAT = Format(
    name="shopify transactions",
    label="Shopify payment transactions export",
    shape=Shape.SALES,
    payments=True,
    same_order=True,
    refund_whole=True,
    signed=True,
    columns={
        "date": "Transaction Date",
        "type": "Type",
        "order_id": "Order",
        "amount": "Amount",
        "net_amount": "Net Amount Refunded",
        "currency": "Currency",
        "channel": "Card Source",
    },
    marks=("date", "type", "order_id", "amount", "currency", "channel"),
    amount="coalesce(net_amount, amount)",
    gross="amount",
    types={"charge": "sale", "refund*": "refund", "chargeback*": "refund", "": "other"},
    note="It names no customer; read it together with the orders export, which does.",
)
