"""Mailchimp's audience exports: members, and when they joined or left."""

from keepers.data.format import Format, Shape

FORMAT = Format(
    name="mailchimp audience",
    label="Mailchimp audience export",
    shape=Shape.CUSTOMERS,
    columns={
        "email": "Email Address",
        "first_name": "First Name",
        "last_name": "Last Name",
        "phone": "Phone Number, Phone",
        "created_at": "CONFIRM_TIME, OPTIN_TIME",
        "unsubscribed_at": "UNSUB_TIME",
        "rating": "MEMBER_RATING",
        "country": "CC",
        "region": "REGION",
        "tags": "TAGS",
    },
    marks=("email", "created_at", "rating"),
    constants={"accepts_marketing": "true"},
)
