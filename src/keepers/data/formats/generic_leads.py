"""Any list of leads or deals."""

from keepers.data.format import Format, Shape

FORMAT = Format(
    name="leads",
    label="list of leads",
    shape=Shape.LEADS,
    ids="own",
    columns={},
    marks=(),
    general=(
        "lead_id", "email", "phone", "name", "first_name", "last_name", "company", "created_at", "channel", "campaign",
        "status", "stage", "owner", "country", "amount", "currency", "closed_on",
    ),
)  # fmt: skip
