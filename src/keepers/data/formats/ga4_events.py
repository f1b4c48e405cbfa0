"""Google Analytics events as BigQuery exports them: purchases, and visits with their source."""

from keepers.data.format import Format, Shape

FORMAT = Format(
    name="ga4 events",
    label="Google Analytics events (BigQuery export)",
    shape=Shape.EVENTS,
    columns={
        "type": "event_name",
        "date": "event_timestamp, event_date",
        "customer_id": "user_id, user_pseudo_id",
        "visitor_id": "user_pseudo_id",
        "order_id": "ecommerce.transaction_id",
        "net_amount": "ecommerce.purchase_revenue",
        "refunded": "ecommerce.refund_value",
        "tax": "ecommerce.tax_value",
        "shipping": "ecommerce.shipping_value",
        "currency": "currency, user_ltv.currency",
        "medium": "traffic_source.medium, collected_traffic_source.manual_medium",
        "channel": "traffic_source.source, collected_traffic_source.manual_source",
        "campaign": "traffic_source.name, collected_traffic_source.manual_campaign_name",
        "country": "geo.country",
        "landing_page": "event_params",
        "category": "device.category",
    },
    marks=("order_id", "tax", "shipping", "net_amount", "type", "visitor_id", "medium"),
    enough=0.4,
    never="Session source / medium",
    amount="CASE WHEN type = 'refund' THEN -coalesce(refunded, net_amount) ELSE net_amount END",
    gross="NULL",
    refund="NULL",
    same_order=True,
    types={
        "purchase": "sale",
        "in app purchase": "sale",
        "ecommerce purchase": "sale",
        "refund": "refund",
        "": "other",
    },
    note="Customers are browsers here unless `user_id` is filled: one person with two devices is two of them.",
)
