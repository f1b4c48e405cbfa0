"""Recurly's subscriptions export; columns as in docs.recurly.com/docs/subscriptions-exports (version 6, 2025-02-05)."""

from keepers.data.format import Format, Shape

FORMAT = Format(
    name="recurly subscriptions",
    label="Recurly subscriptions export",
    shape=Shape.SUBSCRIPTIONS,
    columns={
        "subscription_id": "uuid",
        "customer_id": "account_code",
        "email": "email",
        "plan": "plan_name, plan_code",
        "amount": "total_recurring_amount",
        "currency": "currency",
        "status": "state",
        "started_on": "activated_at",
        "trial_ends_on": "trial_ends_at",
        "cancelled_at": "canceled_at",
        "ended_on": "expires_at",
    },
    marks=("subscription_id", "customer_id", "amount", "status", "started_on", "ended_on"),
    note="The export names no billing period; prices are taken to be of a month.",
)
