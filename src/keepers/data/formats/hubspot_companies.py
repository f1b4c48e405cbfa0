"""HubSpot's companies export."""

from keepers.data.format import Format, Shape

FORMAT = Format(
    name="hubspot companies",
    label="HubSpot companies export",
    shape=Shape.ACCOUNTS,
    columns={
        "account_id": "Record ID, Record ID - Company",
        "company": "Company name, Name",
        "domain": "Domain, Company Domain Name, Website URL",
        "owner": "Company owner",
        "industry": "Industry",
        "country": "Country/Region",
        "created_at": "Create Date",
    },
    marks=("account_id", "company", "domain"),
    never="Email, First Name, Deal Name",
)
