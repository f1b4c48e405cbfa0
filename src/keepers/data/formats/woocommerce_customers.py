"""WooCommerce's analytics report of customers."""

from keepers.data.format import Format, Shape

FORMAT = Format(
    name="woocommerce customers",
    label="WooCommerce analytics customers report",
    shape=Shape.CUSTOMERS,
    columns={
        "name": "Name",
        "customer_id": "Customer User ID, Username",
        "created_at": "Sign Up, Date registered",
        "email": "Email",
        "orders_count": "Orders",
        "total_spent": "Total Spend",
        "country": "Country / Region, Country",
        "region": "Region",
        "city": "City",
    },
    marks=("name", "email", "orders_count", "total_spent", "created_at"),
)
