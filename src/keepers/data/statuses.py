"""Words by which sources say how an order stands and what a payment is, in several languages."""

from __future__ import annotations

from collections.abc import Mapping

from keepers.data.vocabulary import header_key

_STATES = {
    "paid": """paid, complete, completed, succeeded, success, successful, shipped, delivered, fulfilled,
        processing, processed, captured, settled, closed, approved, confirmed, active, ok, done, sold, received,
        invoiced, sent, partially paid, partially refunded, partially shipped, partially fulfilled, partial
        refund, awaiting fulfillment, awaiting shipment, awaiting pickup, ready for pickup, dispatched, in
        transit, live, wc completed, wc processing, cleared, transferred, posted, payment received, being
        processed, in progress, in process, won, bezahlt, abgeschlossen, versendet, verschickt, geliefert,
        erledigt, in bearbeitung, genehmigt, ausgeliefert, teilweise erstattet, paye, payee, termine, terminee,
        terminé, terminée, expedie, expediee, livre, livree, reglee, valide, validee, en cours, effectue,
        effectuee, partiellement rembourse, betaald, afgerond, voltooid, verzonden, geleverd, in behandeling
        genomen, pagado, pagada, completado, completada, enviado, entregado, procesado, procesando, aprobado,
        aprobada, aprovado, aprovada, pago, concluido, concluida, entregue, confirmado, completo, completa,
        pagato, completato, spedito, consegnato, evaso, in lavorazione, approvato, oplacone, betald, betalt""",
    "pending": """pending, pending payment, on hold, authorized, authorised, unpaid, open, awaiting payment,
        draft, uncaptured, requires payment method, requires action, requires capture, requires confirmation,
        incomplete, checkout draft, manual verification required, awaiting, in review, under review, waiting,
        not paid, created, held, partially authorized, quote, offen, ausstehend, unbezahlt, zahlung ausstehend,
        wartend, in wartestellung, en attente, impaye, en attente de paiement, in afwachting, openstaand,
        onbetaald, pendiente, pendiente de pago, en espera, pendente, aguardando pagamento, aguardando, em
        aberto, in attesa, in sospeso, da pagare, wc pending, wc on hold""",
    "void": """void, voided, cancelled, canceled, cancelled order, deleted, expired, abandoned, reversed, trash, cancel,
        annulled, withdrawn, removed, storniert, abgebrochen, annulliert, annule, annulee, geannuleerd, cancelado,
        cancelada, anulado, anulada, annullato, annullata, wc cancelled, expirado, anulowane, avbruten, annulleret""",
    "failed": """failed, failure, declined, denied, error, blocked, rejected, refused, unsuccessful, disputed
        lost, fehlgeschlagen, abgelehnt, echoue, echouee, refuse, refusee, mislukt, geweigerd, fallido, fallida,
        rechazado, rechazada, falhou, recusado, recusada, fallito, rifiutato, wc failed""",
    "refunded": """refunded, fully refunded, refund, chargeback, charged back, disputed, returned, refunded in
        full, erstattet, vollstandig erstattet, ruckerstattet, zuruckgesendet, rembourse, remboursee,
        terugbetaald, geretourneerd, reembolsado, reembolsada, devuelto, devuelta, devolvido, estornado,
        rimborsato, rimborsata, reso, wc refunded""",
    "test": "test, test order, testing, sandbox, testbestellung, testmode, test mode",
}

STATES: dict[str, str] = {
    header_key(word): state for state, words in _STATES.items() for word in words.replace("\n", " ").split(",")
}
"""What each known word says about an order."""

STATUS_WORDS = tuple(
    sorted({*STATES, *(word.replace(" ", "_") for word in STATES), *(word.replace(" ", "-") for word in STATES)})
)
"""The words as they stand in files."""

_KINDS = {
    "refund": """refund*, payment refund*, chargeback*, reversal*, payment reversal*, return, returns, returned,
        product return, credit note*, credit memo*, void refund, cancellation*, ruckzahlung*, ruckerstattung*,
        erstattung*, gutschrift*, storno*, remboursement*, avoir*, terugbetaling*, creditnota*, reembolso*,
        devolucion*, estorno*, rimborso*, partial refund*""",
    "sale": """payment, charge, sale, sales, order, purchase, capture, invoice, checkout, transaction, zahlung,
        verkauf, bestellung, rechnung, paiement, vente, commande, facture, betaling, verkoop, bestelling,
        factuur, pago, venta, pedido, factura, pagamento, venda, fatura, vendita, ordine, fattura, buy""",
    "other": """payout*, transfer*, withdrawal*, fee*, adjustment*, authorization*, authorisation*, hold*,
        deposit*, auszahlung*, gebuhr*, virement*, frais*, uitbetaling*, retiro*, comision*, saque*, taxa*,
        prelievo*, test*""",
}

KINDS: dict[str, str] = {
    (header_key(word) + ("*" if word.strip().endswith("*") else "")): kind
    for kind, words in _KINDS.items()
    for word in words.replace("\n", " ").split(",")
}
"""What each known word says a row is; a key that ends in ``*`` stands for everything that begins so."""


def state_of(word: str, own: Mapping[str, str]) -> str | None:
    """What a status says: `paid`, `pending`, `void`, `failed`, `refunded`, `test`; None where the word is not known.
    In `own`, the key ``""`` stands for every other word.

    >>> state_of("Partially_Refunded", {}), state_of("Storniert", {}), state_of("requires_action", {})
    ('paid', 'void', 'pending')
    """
    key = header_key(word)
    if key in own or "" in own:
        return own.get(key, own.get(""))
    if key in STATES:
        return STATES[key]
    for state in ("refunded", "void", "failed", "test"):
        if any(STATES[token] == state for token in key.split() if token in STATES):
            return "paid" if "partial" in key or "teil" in key else state
    return next((STATES[token] for token in key.split() if token in STATES), None)


def kind_of(word: str, own: Mapping[str, str]) -> str | None:
    """What a row's type says it is: `sale`, `refund` or `other`; None where the word is not known.

    >>> kind_of("Payment Refund", {}), kind_of("Express Checkout Payment", {"*payment": "sale"})
    ('refund', 'sale')
    """
    key = header_key(word)
    for words in (own, KINDS):
        if key in words:
            return words[key]
        for pattern, kind in words.items():
            if pattern.startswith("*") and pattern.endswith("*") and len(pattern) > 1:
                if pattern.strip("*") in key:
                    return kind
            elif (pattern.endswith("*") and len(pattern) > 1 and key.startswith(pattern[:-1])) or (
                pattern.startswith("*") and key.endswith(pattern[1:])
            ):
                return kind
        if "" in words:
            return words[""]
    return None
