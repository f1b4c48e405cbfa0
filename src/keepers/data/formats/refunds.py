"""A table of refunds alone, each with the number of its order."""

from keepers.data.format import Format, Shape

FORMAT = Format(
    name="refunds",
    label="table of refunds",
    shape=Shape.SALES,
    ids="own",
    same_order=True,
    refund_whole=True,
    columns={
        "order_id": "order id, order number, order name, order, invoice number",
        "date": "refund date, refunded at, refunded on, date refunded, occurred at, day, date, created at",
        "refunded": "refund amount, refunded amount, amount refunded, amount",
        "customer_id": "customer key, customer id, customer",
        "email": "email, customer email",
        "currency": "currency",
        "tags": "refund id, refund reason, reason",
    },
    marks=("order_id", "refunded", "tags", "date"),
    never="gross, total, subtotal, quantity, unit price, price, transaction type, type, reference txn id",
    constants={"type": "'refund'"},
    amount="refunded",
    gross="refunded",
    refund="NULL",
)
