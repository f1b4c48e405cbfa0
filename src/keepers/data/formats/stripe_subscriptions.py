"""Stripe's subscriptions export."""

from keepers.data.format import Format, Shape

FORMAT = Format(
    name="stripe subscriptions",
    label="Stripe subscriptions export",
    shape=Shape.SUBSCRIPTIONS,
    columns={
        "subscription_id": "id",
        "customer_id": "Customer ID",
        "name": "Customer Name, Customer Description",
        "email": "Customer Email",
        "plan": "Plan, Product, Plan Name",
        "product": "Product",
        "quantity": "Quantity",
        "interval": "Interval",
        "amount": "Amount",
        "currency": "Currency",
        "status": "Status",
        "cancellation_reason": "Cancellation Reason, Cancellation Feedback",
        "created_at": "Created (UTC)",
        "started_on": "Start Date (UTC), Start (UTC)",
        "trial_ends_on": "Trial End (UTC)",
        "cancelled_at": "Canceled At (UTC), Cancelled At (UTC)",
        "ended_on": "Ended At (UTC)",
    },
    marks=("subscription_id", "customer_id", "plan", "interval", "status", "created_at"),
)
