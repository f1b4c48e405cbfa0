"""Stripe's customers export."""

from keepers.data.format import Format, Shape

FORMAT = Format(
    name="stripe customers",
    label="Stripe customers export",
    shape=Shape.CUSTOMERS,
    columns={
        "customer_id": "id",
        "email": "Email",
        "name": "Name",
        "phone": "Phone",
        "created_at": "Created (UTC), Created date (UTC), Created",
        "country": "Card Country, Address Country",
        "total_spent": "Total Spend",
        "orders_count": "Payment Count",
    },
    marks=("customer_id", "email", "created_at", "total_spent"),
    never="Amount, Customer ID, Order ID",
)
