"""WooCommerce orders as the Advanced Order Export writes them: one row a line, the order's values on every row."""

from keepers.data.format import Format, Shape

FORMAT = Format(
    name="woocommerce advanced",
    label="WooCommerce orders (Advanced Order Export)",
    shape=Shape.SALES,
    lines=True,
    blank={"customer_id": "0"},
    columns={
        "order_id": "Order Number, Order ID",
        "status": "Order Status",
        "date": "Order Date, Paid Date",
        "paid_at": "Paid Date",
        "customer_id": "Customer User ID, User ID",
        "email": "Email (Billing), Billing Email, User Email",
        "phone": "Phone (Billing), Billing Phone",
        "first_name": "First Name (Billing)",
        "last_name": "Last Name (Billing)",
        "gross": "Order Total Amount, Order Total",
        "net_amount": "Order Subtotal Amount",
        "tax": "Order Tax Amount, Order Total Tax Amount",
        "shipping": "Order Shipping Amount",
        "discount": "Cart Discount Amount",
        "refunded": "Order Refund Amount",
        "currency": "Currency, Order Currency",
        "discount_code": "Coupons Used, Coupon Code",
        "country": "Country Code (Billing), Country Code (Shipping)",
        "quantity": "Quantity",
        "sku": "SKU",
        "product": "Name, Item Name, Product Name",
        "unit_price": "Item Cost",
        "line_amount": "Order Line (w/o tax), Order Line Total",
    },
    marks=("order_id", "status", "date", "email", "line_amount", "quantity"),
    amount=(
        "coalesce(product_total, gross - coalesce(tax, 0) - coalesce(shipping, 0), net_amount - coalesce(discount, 0))"
    ),
    gross="coalesce(gross, product_total + coalesce(tax, 0) + coalesce(shipping, 0))",
)
