"""A list of business customers."""

from keepers.data.format import Format, Shape

FORMAT = Format(
    name="accounts",
    label="list of business customers",
    shape=Shape.ACCOUNTS,
    ids="own",
    columns={
        "account_id": "account id, company id",
        "company": "name, company name, account name, company",
        "domain": "domain, website, web domain",
        "industry": "industry",
        "country": "country",
        "created_at": "created at, created date",
    },
    marks=("account_id", "company", "domain", "industry"),
    never="email, amount, order id",
)
