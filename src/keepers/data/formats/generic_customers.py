"""Any list of customers, one row a person."""

from keepers.data.format import Format, Shape

FORMAT = Format(
    name="customers",
    label="list of customers",
    shape=Shape.CUSTOMERS,
    ids="own",
    columns={},
    marks=(),
    general=(
        "customer_id", "email", "phone", "name", "first_name", "last_name", "created_at", "country", "region", "city",
        "accepts_marketing", "channel", "campaign", "tags", "orders_count", "total_spent", "company",
    ),
)  # fmt: skip
