"""WooCommerce's analytics report of orders."""

from keepers.data.format import Format, Shape

FORMAT = Format(
    name="woocommerce analytics",
    label="WooCommerce analytics orders report",
    shape=Shape.SALES,
    same_order=True,
    columns={
        "date": "Date",
        "order_id": "Order #",
        "net_amount": "Net Sales, N. Revenue (formatted), N. Revenue",
        "status": "Status",
        "name": "Customer",
        "customer_type": "Customer type",
        "product": "Product(s)",
        "quantity": "Items sold",
        "discount_code": "Coupon(s)",
        "channel": "Attribution",
    },
    marks=("date", "order_id", "net_amount", "name", "customer_type"),
    note="It names customers by their names only; read it together with the Customers export, which has their e-mail.",
)
