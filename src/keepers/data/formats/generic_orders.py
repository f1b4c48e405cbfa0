"""Any table of orders or of their lines, recognised by what its columns are called and what they hold."""

from keepers.data.format import Format, Shape

FORMAT = Format(
    name="orders",
    label="table of orders",
    shape=Shape.SALES,
    lines=None,
    ids="own",
    columns={},
    marks=(),
    general=(
        "order_id", "customer_id", "email", "phone", "name", "first_name", "last_name", "date", "time", "time_zone",
        "amount", "net_amount", "gross", "tax", "shipping", "discount", "refunded", "refunded_at", "cancelled_at",
        "status", "type", "reference", "mode", "currency", "quantity", "unit_price", "line_amount", "sku", "product",
        "category", "channel", "campaign", "country", "discount_code", "unit_cost", "order_cost", "contribution",
    ),
)  # fmt: skip
