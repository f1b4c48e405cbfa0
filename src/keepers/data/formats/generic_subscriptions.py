"""Any list of contracts: who subscribes, to what, from when until when, at what price."""

from keepers.data.format import Format, Shape

FORMAT = Format(
    name="subscriptions",
    label="list of subscriptions",
    shape=Shape.SUBSCRIPTIONS,
    ids="own",
    columns={},
    marks=(),
    general=(
        "subscription_id", "customer_id", "email", "phone", "name", "first_name", "last_name", "plan", "status",
        "created_at", "started_on", "trial_ends_on", "ended_on", "cancelled_at", "interval", "quantity", "amount",
        "unit_price", "currency", "cancellation_reason",
    ),
)  # fmt: skip
