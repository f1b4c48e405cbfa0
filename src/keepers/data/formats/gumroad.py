"""Gumroad's sales export."""

from keepers.data.format import Format, Shape

FORMAT = Format(
    name="gumroad sales",
    label="Gumroad sales export",
    shape=Shape.SALES,
    columns={
        "order_id": "Purchase ID",
        "email": "Purchase Email, Buyer Email",
        "name": "Buyer Name, Full Name",
        "date": "Purchase Date",
        "time": "Purchase Time (UTC timezone), Purchase Time",
        "net_amount": "Subtotal ($), Item Price ($)",
        "tax": "Taxes ($), Sales Tax ($)",
        "shipping": "Shipping ($)",
        "gross": "Sale Price ($)",
        "refunded": "Partial Refund ($)",
        "fully_refunded": "Fully Refunded?",
        "product": "Item Name, Product Name",
        "quantity": "Quantity",
        "discount_code": "Discount Code, Offer Code",
        "country": "Country, Buyer Country",
        "channel": "Referrer",
    },
    marks=("order_id", "email", "date", "product", "gross"),
    enough=0.8,
    amount="coalesce(net_amount, gross - coalesce(tax, 0) - coalesce(shipping, 0))",
    refund="CASE WHEN fully_refunded THEN coalesce(gross, net_amount) ELSE abs(refunded) END",
)
