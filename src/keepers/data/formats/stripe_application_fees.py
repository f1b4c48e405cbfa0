"""Stripe's export of application fees: what a platform earns from the accounts connected to it."""

from keepers.data.format import Format, Shape

FORMAT = Format(
    name="stripe application fees",
    label="Stripe application fees export",
    shape=Shape.SALES,
    columns={
        "order_id": "id",
        "transaction_id": "Transaction ID",
        "customer_id": "User ID",
        "email": "User Email",
        "date": "Created (UTC), Created date (UTC)",
        "amount": "Amount",
        "refunded": "Amount Refunded",
        "refunded_at": "Refunded date (UTC)",
        "currency": "Currency",
    },
    marks=("order_id", "customer_id", "date", "amount", "transaction_id"),
    note="A fee is a purchase of the connected account that paid it.",
)
