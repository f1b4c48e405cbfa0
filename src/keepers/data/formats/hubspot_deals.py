"""HubSpot's deals export; a deal that was won and has a close date is a purchase where nothing else tells of sales."""

from keepers.data.format import Format, Shape

FORMAT = Format(
    name="hubspot deals",
    label="HubSpot deals export",
    shape=Shape.LEADS,
    columns={
        "lead_id": "Record ID, Record ID - Deal, Deal ID",
        "product": "Deal Name",
        "stage": "Deal Stage",
        "amount": "Amount, Amount in company currency",
        "currency": "Currency, Deal Currency",
        "closed_on": "Close Date",
        "created_at": "Create Date",
        "owner": "Deal owner",
        "company": "Associated Company",
        "account_id": "Associated Company IDs",
        "customer_id": "Associated Contact IDs",
        "channel": "Lead source, Original Traffic Source, Original Source",
    },
    marks=("lead_id", "product", "stage", "amount"),
)
