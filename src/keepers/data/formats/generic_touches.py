"""Any list of contacts with marketing: who or which visitor came when, from which source."""

from keepers.data.format import Format, Shape
from keepers.data.people_headers import NO_SALES, PEOPLE

FORMAT = Format(
    name="touches",
    label="list of contacts with marketing",
    shape=Shape.CANONICAL,
    table="touches",
    ids="own",
    columns=PEOPLE
    | {
        "occurred_at": """
            occurred at, timestamp, date, time, datetime, visited at, visit date, touched at, touch date,
            touchpoint date,
            touch time, session start, session date, event date, event time, clicked at, datum, zeitpunkt, fecha,
            data""",
        "channel": """
            channel, source, utm source, traffic source, session source, touch channel, touchpoint, marketing channel,
            kanal, quelle, canal, fuente, canale, kanaal, bron""",
        "medium": "medium, utm medium, session medium, traffic medium",
        "campaign": "campaign, campaign name, utm campaign, session campaign, kampagne, campagne, campana, campagna",
        "landing_page": "landing page, landing url, entry page, page, url, page url, einstiegsseite, page d entree",
        "visitor_id": """
            visitor id, visitor, anonymous id, client id, cookie id, session id, user pseudo id, ga client id,
            besucher
            id""",
        "cost": "cost, cost per click, cpc, click cost, kosten, cout, coste, costo",
    },
    marks=("channel", "medium", "occurred_at"),
    people=True,
    never=f"{NO_SALES}, lead id, lead status, stage, lifecycle stage, deal stage, event, event name, event type",
)  # fmt: skip
