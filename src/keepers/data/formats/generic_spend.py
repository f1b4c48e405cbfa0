"""Any table of marketing spend by day."""

from keepers.data.format import Format, Shape

FORMAT = Format(
    name="spend",
    label="table of marketing spend",
    shape=Shape.SPEND,
    ids="own",
    columns={},
    marks=(),
    general=(
        "date", "platform", "campaign", "spend", "currency", "impressions", "clicks", "conversions", "conversion_value",
    ),
)  # fmt: skip
