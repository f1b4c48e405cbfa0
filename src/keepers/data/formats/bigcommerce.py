"""BigCommerce's orders export."""

from keepers.data.format import Format, Shape

FORMAT = Format(
    name="bigcommerce orders",
    label="BigCommerce orders export",
    shape=Shape.SALES,
    blank={"customer_id": "0"},
    columns={
        "order_id": "Order ID",
        "date": "Order Date, Date Created",
        "status": "Order Status",
        "customer_id": "Customer ID",
        "email": "Email Address, Customer Email",
        "phone": "Phone, Customer Phone",
        "first_name": "First Name",
        "last_name": "Last Name",
        "name": "Customer Name",
        "gross": "Order Total, Order Total (inc tax)",
        "net_amount": "Cart Base Amount, Subtotal (ex tax)",
        "tax": "Tax Total",
        "shipping": "Shipping Total, Shipping Cost (ex tax)",
        "refunded": "Refund Amount",
        "discount_code": "Coupon Details",
        "currency": "Order Currency Code, Currency Code",
        "country": "Shipping Country, Billing Country",
    },
    marks=("order_id", "date", "status", "gross", "net_amount", "tax", "refunded"),
    amount="coalesce(gross - coalesce(tax, 0) - coalesce(shipping, 0), net_amount)",
    gross="gross",
    statuses={"disputed": "paid"},
)
