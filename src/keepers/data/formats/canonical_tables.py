"""Keepers' own tables as files: touches, visits or feedback can be given under the canonical names of their columns."""

from keepers.data.format import Format, Shape
from keepers.domain.columns import CANONICAL

_MARKS = {
    "touches": ("medium", "channel", "landing_page"),
    "engagement": ("kind", "campaign", "value"),
    "feedback": ("kind", "score", "text"),
    "subscriptions": ("subscription_id", "plan", "started_on", "interval"),
    "referrals": ("referrer_key", "converted"),
    "treatments": ("offer", "propensity", "accepted"),
    "visits": ("visitor_id", "page", "device"),
    "exposures": ("visitor_id", "decision_point", "variant"),
    "assignments": ("experiment", "arm"),
    "consents": ("purpose", "granted"),
    "customer_attributes": ("attribute", "value", "valid_from"),
    "identities": ("system", "external_id"),
}
"""Columns by which each table is known."""

_OTHER_NAMES = {"referrer_key": "referrer key, referrer id, referrer email"}


def _format(table: str, marks: tuple[str, ...]) -> Format:
    columns = {
        column.name: _OTHER_NAMES.get(column.name, column.name.replace("_", " "))
        for column in CANONICAL[table].columns
        if column.name not in ("event_id", "source", "source_id", "received_at", "customer_key")
    }
    people = {"customer_id": "customer key, customer id", "email": "email"}
    return Format(
        name=f"{table} table",
        label=f"table of {table.replace('_', ' ')}",
        shape=Shape.CANONICAL,
        ids="own",
        table=table,
        columns=columns | (people if "customer_key" in CANONICAL[table].column_names else {}),
        marks=marks,
        never="order id, gross, total",
    )


FORMATS = tuple(_format(table, marks) for table, marks in _MARKS.items())
