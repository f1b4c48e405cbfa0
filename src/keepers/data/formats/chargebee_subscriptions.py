"""Chargebee's subscriptions, by the attributes of its API or the fields of its report.

Sources: apidocs.chargebee.com/docs/api/subscriptions, and
chargebee.com/docs/billing/1.0/reports-and-analytics/standard-subscriptions.
"""

from keepers.data.format import Format, Shape

FORMAT = Format(
    name="chargebee subscriptions",
    label="Chargebee subscriptions export",
    shape=Shape.SUBSCRIPTIONS,
    columns={
        "subscription_id": "id, subscriptions.id, Subscription ID",
        "customer_id": "customer_id, subscriptions.customer_id, customers.id, Customer ID",
        "email": "customers.email, Customer Email, email",
        "first_name": "customers.first_name, Customer First Name",
        "last_name": "customers.last_name, Customer Last Name",
        "plan": "plan_id, subscriptions.plan_id, Current Plan, Plan ID",
        "quantity": "plan_quantity, subscriptions.plan_quantity, Plan Quantity",
        "amount": "plan_unit_price, subscriptions.plan_unit_price, Plan Unit Price",
        "interval": "billing_period_unit, subscriptions.billing_period_unit, Subscription Billing Period",
        "currency": "currency_code, subscriptions.currency_code, Currency",
        "status": "status, subscriptions.status, Subscription Status",
        "created_at": "created_at, subscriptions.created_at, Created On",
        "started_on": "started_at, subscriptions.started_at, Started On, activated_at, Activated On",
        "trial_ends_on": "trial_end, subscriptions.trial_end, Trial End",
        "cancelled_at": "cancelled_at, subscriptions.cancelled_at, Canceled On, Cancelled On",
        "cancellation_reason": "cancel_reason, cancel_reason_code, subscriptions.cancel_reason, Reason Code",
    },
    marks=("subscription_id", "customer_id", "plan", "quantity", "status", "cancelled_at"),
    note="Prices are taken as they are written, in whole units of the currency.",
)
