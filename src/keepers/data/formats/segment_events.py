"""Events in Segment's form: `Order Completed`, `Order Refunded`, what visitors did, and who they are."""

from keepers.data.format import Format, Shape

FORMAT = Format(
    name="segment events",
    label="Segment events",
    shape=Shape.EVENTS,
    columns={
        "type": "event",
        "date": "timestamp, originalTimestamp, original_timestamp, sentAt, sent_at, receivedAt, received_at",
        "customer_id": "userId, user_id",
        "visitor_id": "anonymousId, anonymous_id",
        "previous_id": "previousId, previous_id",
        "email": "properties.email, traits.email, context.traits.email",
        "order_id": "properties.order_id, properties.orderId, properties.checkout_id",
        "net_amount": "properties.revenue",
        "amount": "properties.subtotal",
        "gross": "properties.total",
        "shipping": "properties.shipping",
        "tax": "properties.tax",
        "discount": "properties.discount",
        "discount_code": "properties.coupon",
        "currency": "properties.currency",
        "channel": "context.campaign.source",
        "medium": "context.campaign.medium",
        "campaign": "context.campaign.name",
        "landing_page": "context.page.url, properties.url",
    },
    marks=("type", "order_id", "currency"),
    never="event_name",
    amount="coalesce(net_amount, amount, gross - coalesce(tax, 0) - coalesce(shipping, 0))",
    gross="coalesce(gross, net_amount + coalesce(tax, 0) + coalesce(shipping, 0), amount)",
    refund="NULL",
    same_order=True,
    types={"order completed": "sale", "order refunded": "refund", "order cancelled": "refund", "": "other"},
)
