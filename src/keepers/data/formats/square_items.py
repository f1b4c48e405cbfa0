"""Square's item sales export: one row an article of a payment or of a refund."""

from keepers.data.format import Format, Shape

FORMAT = Format(
    name="square items",
    label="Square item sales export",
    shape=Shape.SALES,
    lines=True,
    same_order=True,
    sums=("tax", "discount"),
    columns={
        "date": "Date",
        "time": "Time",
        "time_zone": "Time Zone",
        "type": "Event Type",
        "order_id": "Transaction ID",
        "transaction_id": "Payment ID",
        "line_amount": "Net Sales",
        "tax": "Tax",
        "discount": "Discounts",
        "quantity": "Qty",
        "sku": "SKU",
        "product": "Item",
        "category": "Category",
        "customer_id": "Customer ID",
        "name": "Customer Name",
        "channel": "Channel",
    },
    marks=("date", "product", "quantity", "line_amount", "order_id", "transaction_id", "type"),
    enough=0.8,
    amount="NULL",
    gross="NULL",
    refund="NULL",
    types={"payment": "sale", "sale": "sale", "refund": "refund", "": "other"},
)
