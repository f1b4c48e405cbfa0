"""Square's transactions export, all years: one row a payment or refund, money with its sign and symbol."""

from keepers.data.format import Format, Shape

FORMAT = Format(
    name="square transactions",
    label="Square transactions export",
    shape=Shape.SALES,
    same_order=True,
    columns={
        "date": "Date",
        "time": "Time",
        "time_zone": "Time Zone",
        "type": "Event Type",
        "order_id": "Transaction ID",
        "transaction_id": "Payment ID",
        "net_amount": "Net Sales",
        "refunded": "Partial Refunds",
        "gross": "Total Collected",
        "tax": "Tax",
        "currency": "Currency",
        "tip": "Tip",
        "discount": "Discounts",
        "customer_id": "Customer ID",
        "name": "Customer Name",
        "product": "Description",
        "channel": "Channel, Source",
        "status": "Transaction Status",
        "discount_code": "Discount Name",
    },
    marks=("date", "time", "net_amount", "gross", "order_id", "transaction_id", "type"),
    enough=0.8,
    never="Item, Qty",
    amount="net_amount + coalesce(refunded, 0)",
    gross="gross",
    refund="NULL",
    types={"payment": "sale", "sale": "sale", "refund": "refund", "": "other"},
)
