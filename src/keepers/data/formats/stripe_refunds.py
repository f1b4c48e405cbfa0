"""Refunds and lost disputes of Stripe's charges, each on its own day, as they are pulled; exports have the last day."""

from keepers.data.format import Format, Shape

FORMAT = Format(
    name="stripe refunds",
    label="Stripe refunds",
    shape=Shape.SALES,
    same_order=True,
    columns={
        "transaction_id": "Stripe Refund",
        "order_id": "Stripe Charge",
        "date": "Refund Date",
        "refunded": "Refund Amount",
        "currency": "Currency",
    },
    marks=("transaction_id", "order_id", "date", "refunded"),
    never="Status, Order Date, Quantity, Email",
    constants={"type": "'refund'"},
    amount="refunded",
    gross="refunded",
    refund="NULL",
    note="It names no customer; read it together with the payments, which do.",
)
