"""Etsy's sold orders export."""

from keepers.data.format import Format, Shape

FORMAT = Format(
    name="etsy orders",
    label="Etsy sold orders export",
    shape=Shape.SALES,
    columns={
        "date": "Sale Date",
        "order_id": "Order ID",
        "customer_id": "Buyer User ID, Buyer",
        "name": "Full Name",
        "net_amount": "Order Value",
        "discount": "Discount Amount",
        "shipping": "Shipping",
        "tax": "Sales Tax",
        "gross": "Order Total",
        "adjusted_total": "Adjusted Order Total",
        "currency": "Currency",
        "discount_code": "Coupon Code",
        "status": "Status",
        "country": "Ship Country",
        "city": "Ship City",
        "sku": "SKU",
        "quantity": "Number of Items",
        "channel": "Order Type",
    },
    marks=("date", "order_id", "net_amount", "gross", "adjusted_total"),
    enough=0.8,
    amount="net_amount - coalesce(abs(discount), 0)",
    gross="gross",
    refund="CASE WHEN adjusted_total > 0 AND adjusted_total < gross THEN gross - adjusted_total END",
)
