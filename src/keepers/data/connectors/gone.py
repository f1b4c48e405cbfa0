"""What is gone at a service goes here: told by its list of what was deleted, or found by comparing what there is."""

from __future__ import annotations

from keepers.data.connectors.bulk import BulkReading
from keepers.data.connectors.listing import Listing
from keepers.data.connectors.service import Gone, Resource
from keepers.data.connectors.walk import UnknownListError
from keepers.data.engine import literal

_ALWAYS, _SHARE = 20, 10
"""So many items may go, or one in so many: a token that sees less than it did looks like items that are gone."""


def take_out(listing: Listing, resource: Resource) -> tuple[int, list[str]]:
    """Take out of a list what the service has no longer; gives how many items went, and what people should know."""
    gone, said = 0, []
    if resource.gone is not None:
        try:
            gone += _told(listing, resource, resource.gone)
        except UnknownListError as error:
            said.append(str(error))
    if resource.ids is not None and _due(listing, resource, resource.ids):
        try:
            count, refused = _compared(listing, resource, resource.ids)
        except UnknownListError as error:
            return gone, [*said, str(error)]
        gone += count
        said += refused
    return gone, said


def _told(listing: Listing, resource: Resource, gone: Gone) -> int:
    """By the service's own list of what was deleted; what was changed after that is there again."""
    kept = listing.kept
    listing.bring(gone.resource, False)
    after = f"TRY_CAST(g.doc->>{literal(f'$.{gone.at}')} AS TIMESTAMPTZ)"
    changed = f"TRY_CAST(k.doc->>{literal(f'$.{gone.changed}')} AS TIMESTAMPTZ)"
    deleted = kept.relation(gone.resource.name)
    return kept.drop(
        listing.engine, resource.name,
        f"SELECT k.key FROM {kept.relation(resource.name)} k JOIN {deleted} g USING (key) "
        f"WHERE {after} >= {changed} OR {after} IS NULL OR {changed} IS NULL",
    )  # fmt: skip


def _due(listing: Listing, resource: Resource, ids: Resource) -> bool:
    days = listing.connection.compare_every
    if not days:
        return False
    if listing.kept.mark(ids.name).began:
        return True
    looked = (listing.kept.mark(name).whole_at for name in (resource.name, ids.name))
    at = max(filter(None, looked), default=None)
    return at is not None and listing.passed(at, days)


def _compared(listing: Listing, resource: Resource, ids: Resource) -> tuple[int, list[str]]:
    """By all ids that there are: what is kept was there before they were asked for."""
    kept, engine = listing.kept, listing.engine
    began = None if ids.bulk is None else BulkReading(listing.walker, kept, engine, ids).known_until
    if began is None and kept.mark(ids.name).began:
        kept.again(ids.name)
    listing.read(ids, kept.begin(ids.name, True, None))
    listed = f"SELECT key FROM {kept.relation(ids.name)}"
    missing = f"SELECT key, doc FROM {kept.relation(resource.name)} ANTI JOIN ({listed}) AS listed USING (key)"
    if began is not None and resource.since is not None:
        # A file that an earlier pull has begun knows nothing of what came since.
        changed = f"TRY_CAST(doc->>{literal(f'$.{resource.since.field}')} AS TIMESTAMPTZ)"
        missing = f"SELECT * FROM ({missing}) WHERE ({changed} >= {literal(began)}::TIMESTAMPTZ) IS NOT TRUE"
    said: list[str] = []
    if resource.sight is not None:
        far = listing.now - resource.sight.back
        old = f"(TRY_CAST(doc->>{literal(f'$.{resource.sight.made}')} AS TIMESTAMPTZ) < {literal(far.isoformat())})"
        there = f"SELECT * FROM {kept.relation(resource.name)} SEMI JOIN ({listed}) AS listed USING (key)"
        count = int(engine.row(f"SELECT count(*) FROM ({missing}) WHERE {old}")[0])
        if count and not engine.rows(f"SELECT 1 FROM ({there}) WHERE {old} LIMIT 1"):
            missing = f"SELECT * FROM ({missing}) WHERE {old} IS NOT TRUE"
            said.append(
                f"No {resource.name} are listed that are older than {resource.sight.back.days} days, as for a token "
                f"without {resource.sight.right}. Older ones stay; `keepers pull --anew` takes what there is now."
            )
    count, rows = int(engine.row(f"SELECT count(*) FROM ({missing})")[0]), kept.mark(resource.name).rows
    if count > max(min(_ALWAYS, rows // 2), rows // _SHARE):
        return 0, [
            *said,
            f"{count:,} of {rows:,} {resource.name} are not listed any more. They stay, as a token that may see less "
            "than before looks the same; `keepers pull --anew` takes what there is now.",
        ]
    return kept.drop(engine, resource.name, f"SELECT key FROM ({missing})"), said
