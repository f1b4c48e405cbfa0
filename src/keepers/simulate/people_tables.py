"""Who the customers and leads are, as canonical tables: customers, persons, identities, accounts, attributes, leads."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from keepers.data.engine import literal, quoted
from keepers.domain.cells import FloatArray, IntArray
from keepers.simulate.leads import COMPANY_SIZES, INTERESTS, LeadBatch
from keepers.simulate.people import COMPANY_KINDS, COMPANY_WORDS, FIRST_NAMES, LAST_NAMES, MAIL_HOSTS, Persons
from keepers.simulate.plan import StorePlan
from keepers.simulate.population import AGE_BANDS, OCCASIONS, Population, Traits
from keepers.simulate.streams import stream
from keepers.simulate.tables import TableWriter, customer_key, labels

_OWNERS = ("Noor", "Jesse", "Alba")
_OPEN = ("new", "working", "nurturing")
_CLOSED = ("lost", "won")


def lead_customers(leads: LeadBatch, population: Population) -> IntArray:
    """The customer row of every lead; leads that did not become customers are numbered on after the customers."""
    row = population.size + np.arange(leads.created.size)
    came = population.lead >= 0
    row[population.lead[came]] = np.flatnonzero(came)
    return row


def write_people(
    writer: TableWriter,
    plan: StorePlan,
    population: Population,
    traits: Traits,
    persons: Persons,
    campaign: IntArray,
    campaigns: tuple[str, ...],
    leads: LeadBatch | None,
    unsubscribed: tuple[IntArray, FloatArray],
) -> None:
    """All tables of people; `persons` has the customers first, then the leads that are not (yet) customers."""
    account = np.where(population.lead >= 0, population.lead, -1)
    staged: dict[str, NDArray[np.generic]] = {
        "customer": np.arange(population.size),
        "created": writer.instant(np.maximum(population.start - 0.01, 0.0)),
        "country": persons.country[: population.size],
        "city": persons.city[: population.size],
        "accepts": traits.accepts_marketing,
        "channel": population.channel,
        "campaign": campaign,
        "account": account,
    }
    places = [place for country in plan.countries for place in country.cities]
    writer.rows(
        "customers", staged,
        customer_key=customer_key(), source="'simulation: customers'", created_at="make_timestamp(created)",
        country=labels(tuple(country.code for country in plan.countries), "country"),
        region=labels(tuple(place[1] for place in places), "city"),
        city=labels(tuple(place[0] for place in places), "city"),
        accepts_marketing="accepts", channel=labels(tuple(channel.name for channel in plan.channels), "channel"),
        campaign=labels(campaigns, "campaign"),
        account_id="CASE WHEN account >= 0 THEN printf('A%06d', account + 1) END",
    )  # fmt: skip
    _claims(writer)
    _names(writer, persons, population, leads)
    _attributes(writer, population, traits, leads)
    who, when = unsubscribed
    consents: dict[str, NDArray[np.generic]] = {
        "customer": np.concatenate([np.arange(population.size), who]),
        "granted": np.concatenate([traits.accepts_marketing, np.zeros(who.size, dtype=bool)]),
        "happened": writer.instant(np.concatenate([population.start, when])),
    }
    writer.rows(
        "consents", consents, customer_key=customer_key(), purpose="'email'", granted="granted",
        occurred_at="make_timestamp(happened)",
    )  # fmt: skip


def _claims(writer: TableWriter) -> None:
    """What the shop itself counts for each customer, once orders are written."""
    customers, orders = (quoted(writer.tables[name].name) for name in ("customers", "orders"))
    writer.engine.execute(
        f"""UPDATE {customers} AS c SET claimed_orders = o.orders, claimed_revenue = o.revenue
        FROM (SELECT customer_key, count(*) AS orders, sum(gross) AS revenue FROM {orders}
              WHERE counted AND voided_on IS NULL GROUP BY 1) AS o
        WHERE c.customer_key = o.customer_key"""
    )


def _names(writer: TableWriter, persons: Persons, population: Population, leads: LeadBatch | None) -> None:
    who = np.arange(population.size)
    if leads is not None:
        who = np.union1d(who, lead_customers(leads, population))
    staged: dict[str, NDArray[np.generic]] = {
        "customer": who,
        "first_name": persons.first_name[who],
        "last_name": persons.last_name[who],
        "host": persons.host[who],
    }
    first, last = labels(FIRST_NAMES, "first_name"), labels(LAST_NAMES, "last_name")
    mail = f"lower({first}) || '.' || lower({last}) || (customer + 1) || '@' || {labels(MAIL_HOSTS, 'host')}"
    writer.rows("persons", staged, customer_key=customer_key(), name=f"{first} || ' ' || {last}", email=mail)
    writer.rows("identities", staged, customer_key=customer_key(), system="'email'", external_id=mail)


def _attributes(writer: TableWriter, population: Population, traits: Traits, leads: LeadBatch | None) -> None:
    size = population.size
    customer = [np.tile(np.arange(size), 2)]
    attribute = [np.repeat([0, 1], size)]
    value = [np.concatenate([traits.age_band, len(AGE_BANDS) + traits.occasion])]
    moment = [np.tile(population.start, 2)]
    words: tuple[str, ...] = (*AGE_BANDS, *OCCASIONS, *COMPANY_SIZES, *INTERESTS)
    if leads is not None:
        row, count = lead_customers(leads, population), leads.created.size
        base = len(AGE_BANDS) + len(OCCASIONS)
        pages = [str(page) for page in range(int(leads.pages.max(initial=0)) + 1)]
        customer.append(np.tile(row, 3))
        attribute.append(np.repeat([2, 3, 4], count))
        value.append(
            np.concatenate([base + leads.size, base + len(COMPANY_SIZES) + leads.interest, len(words) + leads.pages])
        )
        moment.append(np.tile(leads.created, 3))
        words = (*words, *pages)
    staged: dict[str, NDArray[np.generic]] = {
        "customer": np.concatenate(customer),
        "attribute": np.concatenate(attribute),
        "answer": np.concatenate(value),
        "since": writer.instant(np.concatenate(moment)),
    }
    names = ("age_band", "shops_for", "company_size", "interest", "pages_seen_before")
    writer.rows(
        "customer_attributes", staged, customer_key=customer_key(), attribute=labels(names, "attribute"),
        value=labels(words, "answer"), valid_from="make_timestamp(since)",
    )  # fmt: skip


def write_leads(
    writer: TableWriter,
    plan: StorePlan,
    population: Population,
    leads: LeadBatch,
    persons: Persons,
    campaigns: tuple[str, ...],
    campaign: IntArray,
    end: int,
    seed: int,
) -> None:
    """Leads and the companies they come from, as a CRM shows them at the end; `campaign` is each lead's."""
    rng = stream(seed, "companies")
    count = leads.created.size
    seen = np.flatnonzero(leads.created < end)
    closed = leads.closes < end
    age = end - leads.created
    state = np.where(closed, len(_OPEN) + leads.converts, np.select([age < 7, age < 45], [0, 1], 2))
    row = lead_customers(leads, population)
    word, kind = rng.integers(0, len(COMPANY_WORDS), count), rng.integers(0, len(COMPANY_KINDS), count)
    staged: dict[str, NDArray[np.generic]] = {
        "lead": seen,
        "customer": row[seen],
        "channel": leads.channel[seen],
        "campaign": campaign[seen],
        "state": state[seen],
        "owner": rng.integers(0, len(_OWNERS), count)[seen],
        "word": word[seen],
        "kind": kind[seen],
        "country": persons.country[row[seen]],
        "deal": np.round(leads.deal * 100).astype(np.int64)[seen],
        "closed": np.where(closed, np.floor(leads.closes), -1).astype(np.int64)[seen],
    }
    name = f"{labels(COMPANY_WORDS, 'word')} || ' ' || {labels(COMPANY_KINDS, 'kind')}"
    country = labels(tuple(place.code for place in plan.countries), "country")
    won = f"CASE WHEN closed >= 0 THEN state = {len(_OPEN) + 1} END"
    writer.events(
        "leads", leads.created[seen], staged, "printf('L%06d', lead + 1)",
        customer_key=customer_key(), lead_id="printf('L%06d', lead + 1)",
        channel=labels(tuple(channel.name for channel in plan.channels), "channel"),
        campaign=labels(campaigns, "campaign"), status=labels((*_OPEN, *_CLOSED), "state"),
        stage=labels(("inquiry", "inquiry", "inquiry", "closed lost", "closed won"), "state"),
        owner=labels(_OWNERS, "owner"), company=name, country=country,
        amount="CAST(deal / 100.0 AS DECIMAL(18, 4))", currency=literal(plan.currency), won=won,
        closed_on=writer.day("closed"),
    )  # fmt: skip
    accounts = dict(staged) | {"created": writer.instant(leads.created[seen])}
    domain = f"lower({labels(COMPANY_WORDS, 'word')}) || (lead + 1) || '.example'"
    writer.rows(
        "accounts", accounts, account_id="printf('A%06d', lead + 1)", name=name, domain=domain,
        industry=f"lower({labels(COMPANY_KINDS, 'kind')})", country=country, created_at="make_timestamp(created)",
    )  # fmt: skip
