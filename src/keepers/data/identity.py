"""Who is who: e-mail address, the source's id and phone number joined into one key a customer, across files."""

from __future__ import annotations

from dataclasses import dataclass

from keepers.data.engine import Engine, quoted, template
from keepers.data.normalise import fill

MOST_EMAILS_OF_A_PHONE = 2
"""A phone number seen with more addresses than this is a household's or a shop's and joins nobody."""

_MOST_ROUNDS = 60


@dataclass(frozen=True)
class Identity:
    """How customers were told apart.

    `keys` is a table of the engine with the columns of `people` and ``customer_key``.
    """

    keys: str
    by: tuple[str, ...]
    merged: int
    shared_phones: int


def resolve(engine: Engine, people: str) -> Identity:
    """Give every person one key.

    Parameters
    ----------
    people : str
        Table of `person` (a number), (system, customer_id, email, phone, name) and ``sales`` (whether it comes from
        a sale); ids and addresses normalised, empty where unknown.
    """
    table = quoted(people)
    ids, emails, phones, names, systems = engine.row(
        f"""SELECT count(customer_id) FILTER (sales), count(email), count(phone),
                   count(name) FILTER (email IS NULL AND customer_id IS NULL AND phone IS NULL),
                   count(DISTINCT system) FILTER (customer_id IS NOT NULL) FROM {table}"""
    )
    sales = engine.row(f"SELECT count(*) FROM {table} WHERE sales")[0]
    by_id = ids >= 0.5 * sales if sales else True
    shared = _shared_phones(engine, people) if phones else 0
    if not emails and not phones and not names:
        raw = "customer_id" if systems <= 1 else "system || ':' || customer_id"
        keys = engine.create(engine.new_name("keys"), f"SELECT *, {raw} AS customer_key FROM {table}")
        return Identity(keys, ("id",) if ids else (), 0, 0)
    keys, merged = _components(engine, people, by_id=by_id, one_system=systems <= 1)
    used = [word for word, n in (("email", emails), ("id", ids), ("phone", phones), ("name", names)) if n]
    return Identity(keys, tuple(used), merged, shared)


def _sql(name: str, **names: str) -> str:
    return fill(template("keepers.data.sql", name), **names)


def _shared_phones(engine: Engine, people: str) -> int:
    table = quoted(people)
    shared = engine.create(
        engine.new_name("shared_phones"),
        f"""SELECT phone FROM {table} WHERE phone IS NOT NULL GROUP BY phone
            HAVING count(DISTINCT coalesce(email, system || ':' || customer_id)) > {MOST_EMAILS_OF_A_PHONE}""",
    )
    engine.execute(f"UPDATE {table} SET phone_shared = true WHERE phone IN (SELECT phone FROM {quoted(shared)})")
    count = int(engine.row(f"SELECT count(*) FROM {quoted(shared)}")[0])
    engine.drop(shared)
    return count


def _components(engine: Engine, people: str, *, by_id: bool, one_system: bool) -> tuple[str, int]:
    """Connected components of ids seen together; the best-ranked id of each gives the key."""
    order = ["i", "e", "p", "n"] if by_id else ["e", "i", "p", "n"]
    whens = " ".join(f"WHEN '{letter}' THEN {rank}" for rank, letter in enumerate(order))
    priority = f"CASE left(node, 1) {whens} END"
    together = engine.create(
        engine.new_name("seen"),
        f"""SELECT *,
                CASE WHEN email IS NOT NULL THEN 'e:' || email END AS e,
                CASE WHEN customer_id IS NOT NULL THEN 'i:' || system || ':' || customer_id END AS i,
                CASE WHEN phone IS NOT NULL AND NOT phone_shared THEN 'p:' || phone END AS p,
                CASE WHEN email IS NULL AND customer_id IS NULL AND phone IS NULL THEN 'n:' || name END AS n
            FROM {quoted(people)}""",
    )
    nodes = engine.create(
        engine.new_name("nodes"),
        f"""SELECT node, row_number() OVER (ORDER BY {priority}, length(node), node) AS component
            FROM (SELECT DISTINCT unnest([e, i, p, n]) AS node FROM {quoted(together)}) WHERE node IS NOT NULL""",
    )
    edges = engine.create(engine.new_name("edges"), _sql("seen_together", seen=quoted(together), nodes=quoted(nodes)))
    labels = _propagate(engine, nodes, edges)
    shown = "r.external" if one_system else "r.system || ':' || r.external"
    roots = engine.create(
        engine.new_name("roots"), _sql("roots", nodes=quoted(nodes), labels=quoted(labels), shown=shown)
    )
    keys = engine.create(
        engine.new_name("keys"),
        f"""SELECT t.* EXCLUDE (e, i, p, n), r.customer_key FROM {quoted(together)} t
            LEFT JOIN {quoted(roots)} r ON r.node = coalesce(t.e, t.i, t.p, t.n)""",
    )
    found, people_count = engine.row(
        f"""SELECT (SELECT count(*) FROM {quoted(nodes)} WHERE left(node, 1) IN ('e', 'i')),
                   (SELECT count(DISTINCT customer_key) FROM {quoted(keys)})"""
    )
    for name in (together, nodes, edges, labels, roots):
        engine.drop(name)
    return keys, max(0, int(found) - int(people_count))


def _propagate(engine: Engine, nodes: str, edges: str) -> str:
    """Label every node with the smallest component number it can reach."""
    labels = engine.create(engine.new_name("labels"), f"SELECT component, component AS label FROM {quoted(nodes)}")
    for _ in range(_MOST_ROUNDS):
        fresh = engine.create(
            engine.new_name("labels"), _sql("lower_labels", edges=quoted(edges), labels=quoted(labels))
        )
        changed = engine.row(
            f"SELECT count(*) FROM {quoted(fresh)} f JOIN {quoted(labels)} l USING (component) WHERE f.label <> l.label"
        )[0]
        engine.drop(labels)
        labels = fresh
        if not changed:
            break
    return labels
