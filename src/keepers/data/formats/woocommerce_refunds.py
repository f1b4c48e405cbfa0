"""Refunds of WooCommerce orders, each with its order's number and its day, as they are pulled from a shop."""

from keepers.data.format import Format, Shape

FORMAT = Format(
    name="woocommerce refunds",
    label="WooCommerce refunds",
    shape=Shape.SALES,
    same_order=True,
    columns={
        "transaction_id": "WooCommerce Refund",
        "order_id": "WooCommerce Order",
        "date": "Refund Date",
        "refunded": "Refund Amount",
        "net_amount": "Net Refund Amount",
        "tax": "Refund Tax",
        "currency": "Currency",
    },
    marks=("transaction_id", "order_id", "date", "refunded"),
    never="Order Status, Order Date, Quantity, Email",
    constants={"type": "'refund'"},
    amount="coalesce(net_amount, refunded)",
    gross="refunded",
    refund="NULL",
    note="It names no customer; read it together with the orders, which do.",
)
