"""Any log of pages seen by visitors."""

from keepers.data.format import Format, Shape
from keepers.data.people_headers import NO_SALES, PEOPLE, WHEN

FORMAT = Format(
    name="visits",
    label="log of pages seen",
    shape=Shape.CANONICAL,
    table="visits",
    ids="own",
    columns=PEOPLE
    | {
        "visitor_id": """
            visitor id, visitor, anonymous id, cookie id, session id, user pseudo id, client id, ga client id,
            device id,
            besucher id, id visiteur, id visitante""",
        "page": """
            page, page path, page url, url, page location, path, page title, page name, seite, seitenpfad, chemin,
            pagina,
            ruta, percorso""",
        "occurred_at": f"viewed at, page view time, visited at, visit date, {WHEN}",
        "channel": "channel, source, utm source, traffic source, kanal, quelle, canal, canale, kanaal",
        "device": "device, device type, device category, platform, gerat, geratetyp, appareil, dispositivo, apparaat",
        "converted": "converted, bought, purchased, ordered",
    },
    marks=("visitor_id", "page", "occurred_at"),
    never=f"{NO_SALES}, decision point, variant, medium, utm medium, event, event name, event type",
)  # fmt: skip
