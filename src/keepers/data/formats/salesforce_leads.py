"""Salesforce's leads, from a report or from the data export."""

from keepers.data.format import Format, Shape

FORMAT = Format(
    name="salesforce leads",
    label="Salesforce leads export",
    shape=Shape.LEADS,
    columns={
        "lead_id": "Lead ID, Id",
        "customer_id": "Lead ID, Id",
        "first_name": "FirstName, First Name",
        "last_name": "LastName, Last Name",
        "email": "Email",
        "phone": "Phone, MobilePhone, Mobile",
        "company": "Company, Company / Account",
        "channel": "LeadSource, Lead Source",
        "status": "Status, Lead Status",
        "owner": "OwnerId, Lead Owner, Owner",
        "country": "Country, Country Code",
        "industry": "Industry",
        "created_at": "CreatedDate, Created Date, Create Date",
        "closed_on": "ConvertedDate, Converted Date",
    },
    marks=("lead_id", "last_name", "company", "channel", "status"),
)
