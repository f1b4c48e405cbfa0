"""HubSpot's contacts export, whichever columns a person chose."""

from keepers.data.format import Format, Shape

FORMAT = Format(
    name="hubspot contacts",
    label="HubSpot contacts export",
    shape=Shape.LEADS,
    columns={
        "lead_id": "Record ID, Record ID - Contact",
        "customer_id": "Record ID, Record ID - Contact",
        "email": "Email",
        "phone": "Phone Number, Mobile Phone Number",
        "first_name": "First Name",
        "last_name": "Last Name",
        "company": "Company Name, Associated Company",
        "account_id": "Associated Company IDs",
        "owner": "Contact owner",
        "stage": "Lifecycle Stage",
        "status": "Lead Status",
        "channel": "Original Source, Lead Source, Original Traffic Source",
        "created_at": "Create Date",
        "country": "Country/Region",
    },
    marks=("lead_id", "email", "first_name", "last_name", "created_at"),
    never="Deal Name, Company Domain Name",
)
