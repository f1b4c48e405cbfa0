"""Any list of offers that were made to customers, or held back from a control group."""

from keepers.data.format import Format, Shape
from keepers.data.people_headers import NO_SALES, PEOPLE, WHEN

FORMAT = Format(
    name="offers made",
    label="list of offers made",
    shape=Shape.CANONICAL,
    table="treatments",
    ids="own",
    columns=PEOPLE
    | {
        "offer": """
            offer, offer name, treatment, treatment name, offer made, promotion, promotion name, incentive offered,
            arm,
            test group, experiment group, angebot, aktion, offre, promotion offerte, oferta, promocion, offerta,
            aanbod""",
        "occurred_at": f"""
            offered at, offer date, offered on, treated at, treatment date, assigned at, sent at, offer sent at,
            angeboten am, date de l offre, {WHEN}""",
        "accepted": """
            accepted, redeemed, taken, used, offer redeemed, responded, angenommen, eingelost, acceptee, utilisee,
            aceptada, canjeada, accettata, geaccepteerd""",
        "propensity": "propensity, probability, assignment probability, chance, share",
        "cost": "cost, offer cost, cost of offer, treatment cost, kosten, cout, coste, costo",
    },
    marks=("offer", "occurred_at"),
    words={
        "offer": {
            "control*": "control", "holdout*": "control", "held out*": "control", "no offer*": "control",
            "no treatment*": "control", "kontroll*": "control", "controle*": "control",
            "grupo de control*": "control",
            "gruppo di controllo*": "control",
        }
    },
    people=True,
    never=f"{NO_SALES}, stage, lead id, lead status, experiment",
)  # fmt: skip
