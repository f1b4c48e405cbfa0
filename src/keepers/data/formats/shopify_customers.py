"""Shopify's customers export, with and without ids, default addresses or metafields."""

from keepers.data.format import Format, Shape

FORMAT = Format(
    name="shopify customers",
    label="Shopify customers export",
    shape=Shape.CUSTOMERS,
    columns={
        "customer_id": "Customer ID",
        "email": "Email",
        "phone": "Phone, Default Address Phone",
        "first_name": "First Name",
        "last_name": "Last Name",
        "company": "Default Address Company, Company",
        "accepts_marketing": "Accepts Email Marketing, Accepts Marketing",
        "accepts_sms": "Accepts SMS Marketing",
        "country": "Default Address Country Code, Country Code, Country",
        "region": "Default Address Province Code, Province Code, Province",
        "city": "Default Address City, City",
        "total_spent": "Total Spent",
        "orders_count": "Total Orders",
        "tags": "Tags",
    },
    marks=("first_name", "last_name", "email", "accepts_marketing", "total_spent", "orders_count"),
)
