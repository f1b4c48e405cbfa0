"""Any list of who brought whom."""

from keepers.data.format import Format, Shape
from keepers.data.people_headers import NO_SALES, WHEN

FORMAT = Format(
    name="referrals",
    label="list of referrals",
    shape=Shape.CANONICAL,
    table="referrals",
    ids="own",
    columns={
        "referrer_key": """
            referrer email, referrer id, referrer, referred by, referrer customer id, advocate email, advocate id,
            advocate, inviter email, inviter id, inviter, invited by, sponsor email, sponsor, recommender, werber,
            empfehler,
            geworben von, parrain, email du parrain, padrino, recomendado por, invitato da, aangebracht door""",
        "email": """
            referred email, referee email, friend email, invitee email, referred customer email, new customer email,
            referral email, email, email address, geworbener, filleul, email du filleul, ahijado, amigo email""",
        "customer_id": """
            referred id, referred customer id, referee id, friend id, invitee id, new customer id, referred customer,
            referee, friend, invitee, customer id, customer""",
        "occurred_at": f"referral date, referred at, referred on, invited at, invite date, joined at, {WHEN}",
        "incentive_cost": """
            incentive cost, incentive, reward cost, reward amount, reward value, reward, bonus, credit, pramie,
            recompense, recompensa, premio""",
        "converted": "converted, purchased, bought, successful, completed, gekauft, converti, comprado",
    },
    marks=("referrer_key", "occurred_at"),
    people=True,
    never=f"{NO_SALES}, page, url, landing page, utm source, user agent, medium, ip, visitor id",
)  # fmt: skip
