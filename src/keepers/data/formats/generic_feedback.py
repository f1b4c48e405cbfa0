"""Any list of answers: scores of surveys, reviews with stars, complaints."""

from keepers.data.format import Format, Shape
from keepers.data.people_headers import NO_SALES, PEOPLE, WHEN

_TEXT = """
    text, comment, comments, review, review text, review body, body, feedback, message, answer, response, reason,
    verbatim, open answer, kommentar, freitext, begrundung, bewertungstext, commentaire, commentaires, avis, verbatim
    client, comentario, comentarios, resena, opinion, commento, recensione, opmerking, opmerkingen, toelichting"""
_WHEN = f"""
    review date, reviewed at, responded at, response date, submitted at, submission date, answered at, survey date,
    feedback date, complaint date, date submitted, date de reponse, antwortdatum, {WHEN}"""
_KINDS = {
    "nps*": "nps", "net promoter*": "nps", "csat*": "csat", "satisf*": "csat", "zufrieden*": "csat",
    "review*": "review",
    "rating*": "review", "bewertung*": "review", "avis*": "review", "resena*": "review", "recension*": "review",
    "complain*": "complaint", "beschwerde*": "complaint", "reklamation*": "complaint", "reclam*": "complaint",
    "plainte*": "complaint", "queja*": "complaint", "klacht*": "complaint", "lament*": "complaint",
}  # fmt: skip
_KIND = "kind, feedback type, survey type, survey, type, category, art, typ, type d avis, tipo, soort"


def _answers(name: str, label: str, kind: str, score: str | None, marks: tuple[str, ...], text: str = _TEXT) -> Format:
    scored = {} if score is None else {"score": score}
    return Format(
        name=name,
        label=label,
        shape=Shape.CANONICAL,
        table="feedback",
        ids="own",
        columns=PEOPLE | scored | {"text": text, "occurred_at": _WHEN, "kind": _KIND},
        marks=marks,
        constants={"kind": f"'{kind}'"},
        words={"kind": _KINDS},
        people=True,
        never=NO_SALES,
    )


FORMATS = (
    _answers(
        "nps answers", "answers to \"would you recommend us\"", "nps",
        """nps, nps score, nps rating, nps answer, promoter score, net promoter score, likelihood to recommend,
        how likely
        are you to recommend us, how likely are you to recommend us to a friend or colleague, recommendation score,
        weiterempfehlung, weiterempfehlungsbereitschaft, recommandation, recomendacion, raccomandazione""",
        ("score", "occurred_at"),
    ),
    _answers(
        "csat answers", "answers to \"how satisfied are you\"", "csat",
        """csat, csat score, satisfaction, satisfaction score, customer satisfaction, how satisfied are you,
        zufriedenheit, kundenzufriedenheit, satisfaction client, satisfaccion, soddisfazione, tevredenheid""",
        ("score", "occurred_at"),
    ),
    _answers(
        "reviews", "list of reviews", "review",
        """rating, stars, star rating, review rating, score, review score, bewertung, sterne, note, etoiles,
        puntuacion,
        valoracion, estrellas, voto, punteggio, stelle, beoordeling, cijfer, sterren, nota""",
        ("score", "text", "occurred_at"),
    ),
    _answers(
        "complaints", "list of complaints", "complaint", None, ("text", "occurred_at"),
        """complaint, complaint text, complaint description, complaint reason, beschwerde, beschwerdetext,
        reklamation,
        reklamationsgrund, plainte, motif de la plainte, queja, reclamo, reclamacao, reclamacion, klacht""",
    ),
)  # fmt: skip
