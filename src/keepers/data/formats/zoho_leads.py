"""Zoho CRM's leads export."""

from keepers.data.format import Format, Shape

FORMAT = Format(
    name="zoho leads",
    label="Zoho CRM leads export",
    shape=Shape.LEADS,
    columns={
        "lead_id": "Record Id, Lead Id",
        "name": "Lead Name, Full Name",
        "first_name": "First Name",
        "last_name": "Last Name",
        "email": "Email",
        "phone": "Phone, Mobile",
        "company": "Company",
        "channel": "Lead Source",
        "owner": "Lead Owner",
        "status": "Lead Status",
        "industry": "Industry",
        "country": "Country",
        "created_at": "Created Time",
    },
    marks=("email", "channel", "owner", "status"),
    never="Record ID - Contact, Lifecycle Stage, Contact owner",
)
