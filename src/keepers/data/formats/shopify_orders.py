"""Shopify's orders export: one row a line, the order's own values on its first row.

Orders that were pulled have their customer's id beside it, which the export has not.
"""

from keepers.data.format import Format, Shape

FORMAT = Format(
    name="shopify orders",
    label="Shopify orders export",
    shape=Shape.SALES,
    lines=True,
    refund_whole=True,
    columns={
        "order_id": "Name",
        "transaction_id": "Id",
        "customer_id": "Customer ID",
        "email": "Email",
        "phone": "Phone, Billing Phone, Shipping Phone",
        "name": "Billing Name, Shipping Name",
        "status": "Financial Status",
        "date": "Created at, Paid at",
        "paid_at": "Paid at",
        "cancelled_at": "Cancelled at",
        "currency": "Currency",
        "net_amount": "Subtotal",
        "shipping": "Shipping",
        "tax": "Taxes",
        "gross": "Total",
        "discount": "Discount Amount",
        "discount_code": "Discount Code",
        "refunded": "Refunded Amount",
        "quantity": "Lineitem quantity",
        "product": "Lineitem name",
        "unit_price": "Lineitem price",
        "line_discount": "Lineitem discount",
        "sku": "Lineitem sku",
        "category": "Vendor",
        "channel": "Source",
        "country": "Shipping Country, Billing Country",
    },
    marks=("status", "product", "quantity", "unit_price"),
    enough=0.5,
    amount="net_amount",
    gross="gross",
)
