"""Google Analytics reports as its screens download them: sums by channel, never of a person."""

from keepers.data.format import Format, Shape

FORMAT = Format(
    name="ga4 report",
    label="Google Analytics report",
    shape=Shape.CHANNELS,
    columns={
        "channel": """Session primary channel group (Default channel group), Session default channel group,
            First user primary channel group (Default channel group), First user default channel group, Session
            source / medium, First user source / medium, Session source, Default channel group, Session campaign""",
        "date": "Date, Nth day",
        "sessions": "Sessions, Total users, Active users, New users, Users",
        "conversions": "Key events, Conversions",
        "conversion_value": "Total revenue, Purchase revenue",
    },
    marks=("channel", "sessions"),
    note="It describes channels, never customers; no order and no touch can be made of it.",
)
