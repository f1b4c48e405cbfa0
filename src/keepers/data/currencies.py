"""Several currencies in one reading: converted by rates that a person gives, or refused with the list."""

from __future__ import annotations

from decimal import Decimal

from keepers.data.engine import Engine, literal, quoted
from keepers.data.options import ReadOptions
from keepers.data.reconciliation import Reconciliation
from keepers.domain.errors import InputError

_MONEY = ("gross", "tax", "shipping", "fees", "discount", "amount", "refunded", "contribution")


def one_currency(engine: Engine, facts: str, options: ReadOptions, into: Reconciliation) -> str:
    """Bring all facts to one currency; gives the table of facts that has it.

    Raises
    ------
    InputError
        Sales are in several currencies, and no rates (or not all) are given.
    """
    found = {
        str(code): (int(orders), Decimal(amount or 0))
        for code, orders, amount in engine.rows(
            f"""SELECT currency, count(*), sum(coalesce(amount, gross)) FROM {quoted(facts)}
                WHERE missing IS NULL AND kind <> 'other' AND currency IS NOT NULL AND amount IS NOT NULL
                GROUP BY 1 ORDER BY 2 DESC"""
        )
    }
    main = options.currency or next((code for code, rate in options.rates.items() if rate == 1), None)
    if len(found) <= 1 and (main is None or not found or main in found or not options.rates):
        if main is not None and found and main not in found:
            only = next(iter(found))
            raise InputError(
                f"The sales are in {only}, and {main} is asked for. Give the rate, what one {only} is worth in {main}: "
                f"rates={{'{only}': ..., '{main}': 1}}; or leave `currency` out."
            )
        return _named(engine, facts, next(iter(found), main), into)
    listed = "; ".join(
        f"{code} {amount:,.2f} in {orders:,} order{'s' * (orders != 1)}" for code, (orders, amount) in found.items()
    )
    if not options.rates:
        main = main or next(iter(found))
        prices = {code: "1" if code == main else "..." for code in dict.fromkeys([main, *found])}
        example = ", ".join(f"'{code}': {price}" for code, price in prices.items())
        typed = " ".join(f"--rate {code}={price}" for code, price in prices.items())
        raise InputError(
            f"The sales are in {len(found)} currencies ({listed}), and sums of different currencies mean nothing. Say "
            f"what one unit of each is worth: rates={{{example}}}; on the command line {typed}. Or leave out the files "
            "of the other currencies."
        )
    main = main or next((code for code in found if code not in options.rates), next(iter(found)))
    rates = {main: 1.0, **options.rates}
    missing = [code for code in found if code not in rates]
    if missing:
        raise InputError(
            f"No rate is given for {', '.join(missing)}. The sales are in {listed}; give what one unit of each is "
            f"worth in {main}: rates={{'{missing[0]}': ...}}; on the command line --rate {missing[0]}=..."
        )
    whens = " ".join(f"WHEN {literal(code)} THEN {rates[code]!r}::DOUBLE" for code in found)
    replaced = ", ".join(f"({name} * (CASE currency {whens} ELSE 1 END))::DECIMAL(18, 4) AS {name}" for name in _MONEY)
    converted = engine.new_name("facts")
    listed_codes = ", ".join(map(literal, found))
    one = (
        f"CASE WHEN currency IN ({listed_codes}) OR currency IS NULL THEN {literal(main)} ELSE currency END AS currency"
    )
    engine.execute(f"CREATE VIEW {quoted(converted)} AS SELECT * REPLACE ({replaced}, {one}) FROM {quoted(facts)}")
    for code, (orders, amount) in found.items():
        if code != main:
            into.note(
                "converted",
                f"{orders:,} order{'s' * (orders != 1)} in {code} ({amount:,.2f}), converted at {rates[code]:g} "
                f"{main}.",
            )
    return converted


def _named(engine: Engine, facts: str, code: str | None, into: Reconciliation) -> str:
    """Give rows without a currency the only one there is."""
    if code is None:
        return facts
    rows = engine.row(
        f"SELECT count(*) FROM {quoted(facts)} WHERE currency IS NULL AND missing IS NULL AND kind <> 'other'"
    )[0]
    if not rows:
        return facts
    into.note("currency", f"{rows:,} rows name no currency and were taken as {code}.")
    named = engine.new_name("facts")
    filled = f"SELECT * REPLACE (coalesce(currency, {literal(code)}) AS currency) FROM {quoted(facts)}"
    engine.execute(f"CREATE VIEW {quoted(named)} AS {filled}")
    return named
