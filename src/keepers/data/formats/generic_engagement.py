"""Any list of what was sent to people and what they did: letters opened, links clicked, sessions, log-ins."""

from keepers.data.format import Format, Shape
from keepers.data.people_headers import NO_SALES, PEOPLE, WHEN

FORMAT = Format(
    name="engagement",
    label="list of letters, sessions and log-ins",
    shape=Shape.CANONICAL,
    table="engagement",
    ids="own",
    columns=PEOPLE
    | {
        "kind": """
            kind, event, event type, event name, action, activity, activity type, activity name, interaction,
            interaction type, engagement type, type, metric, ereignis, aktion, aktivitat, evenement, action type,
            evento, accion, azione, gebeurtenis, actie""",
        "occurred_at": WHEN,
        "campaign": """
            campaign, campaign name, campaign title, subject, email subject, email name, mailing, newsletter,
            message name, flow name, kampagne, betreff, campagne, campana, campanha, campagna, sujet, asunto,
            onderwerp""",
        "value": "value, count, duration, duration seconds, seconds",
    },
    marks=("kind", "occurred_at"),
    words={
        "kind": {
            "open*": "open", "email open*": "open", "mail open*": "open", "geoffnet*": "open", "ouvert*": "open",
            "abiert*": "open", "abert*": "open", "apert*": "open", "geopend*": "open",
            "unsub*": "unsubscribe", "email unsub*": "unsubscribe", "opt out*": "unsubscribe",
            "optout*": "unsubscribe",
            "abgemeldet*": "unsubscribe", "desabonn*": "unsubscribe", "desinscri*": "unsubscribe",
            "baja*": "unsubscribe", "disiscri*": "unsubscribe", "uitgeschreven*": "unsubscribe",
            "click*": "click", "email click*": "click", "link click*": "click", "clicked*": "click",
            "geklickt*": "click",
            "klick*": "click", "cliqu*": "click", "clic*": "click", "geklikt*": "click",
            "sent*": "sent", "send*": "sent", "email sent*": "sent", "email send*": "sent", "deliver*": "sent",
            "email deliver*": "sent", "received email*": "sent", "gesendet*": "sent", "zugestellt*": "sent",
            "envoye*": "sent", "enviad*": "sent", "inviat*": "sent", "verzonden*": "sent",
            "session*": "session", "visit*": "session", "app open*": "session", "sitzung*": "session",
            "besuch*": "session", "active on site*": "session",
            "login*": "login", "log in*": "login", "logged in*": "login", "sign in*": "login", "signed in*": "login",
            "anmeldung*": "login", "eingeloggt*": "login", "connexion*": "login", "inicio de sesion*": "login",
        }
    },
    telling=("kind",),
    people=True,
    never=NO_SALES,
)  # fmt: skip
