"""A table of marketing spend whose amount is called so, beside channel, impressions and clicks."""

from keepers.data.format import Format, Shape

FORMAT = Format(
    name="spend table",
    label="table of marketing spend",
    shape=Shape.SPEND,
    ids="own",
    columns={
        "date": "day, date, occurred at",
        "platform": "channel, platform, network",
        "campaign": "campaign, campaign name",
        "spend": "amount, spend, cost",
        "currency": "currency, currency code",
        "impressions": "impressions",
        "clicks": "clicks",
        "conversions": "claimed conversions, conversions",
        "conversion_value": "claimed value, conversion value",
    },
    marks=("date", "platform", "spend", "impressions", "clicks"),
)
