"""The order book as canonical tables: orders, their lines, refunds and articles."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from keepers.data.engine import literal
from keepers.domain.cells import IntArray
from keepers.domain.money import UNSPECIFIED_CURRENCY
from keepers.simulate.catalogue import Catalogue, spread
from keepers.simulate.coupons import Coupons
from keepers.simulate.offers import all_offers
from keepers.simulate.orderbook import STATUSES, OrderBook
from keepers.simulate.plan import StorePlan
from keepers.simulate.population import Population, Traits
from keepers.simulate.refunds import CANCEL_REASON, FULL_REASONS, PART_REASONS, RefundEvents
from keepers.simulate.streams import stream
from keepers.simulate.tables import ORDER_KEY, TableWriter, customer_key, labels, money

LATER_CHANNELS = ("direct visit", "newsletter")
"""Channels of later orders, beside the one that brought the customer."""


def write_orders(
    writer: TableWriter,
    plan: StorePlan,
    book: OrderBook,
    population: Population,
    traits: Traits | None,
    campaign: IntArray,
    campaigns: tuple[str, ...],
    refunds: RefundEvents | None,
    seed: int,
) -> None:
    """The orders table; `campaign` is the one that brought each customer."""
    voided = np.full(book.size, -1, dtype=np.int64)
    if refunds is not None:
        voided[refunds.order[refunds.cancelled]] = np.floor(refunds.moment[refunds.cancelled])
    known = book.customer >= 0
    row = np.where(known, book.customer, 0)
    staged: dict[str, NDArray[np.generic]] = {
        "customer": book.customer,
        "status": book.status,
        "counted": book.status == 0,
        "voided": voided,
        "amount": book.amount,
        "channel": _channels(plan, book, population, traits, seed),
        "campaign": np.where(book.first & known, campaign[row], -1),
    }
    columns = {
        "customer_key": customer_key(),
        "order_id": ORDER_KEY.format(row="row"),
        "status": labels(STATUSES, "status"),
        "counted": "counted",
        "voided_on": writer.day("voided"),
        "currency": literal(plan.currency or UNSPECIFIED_CURRENCY),
        "amount": money("amount"),
        "channel": labels((*(channel.name for channel in plan.channels), *LATER_CHANNELS), "channel"),
        "campaign": labels(campaigns, "campaign"),
    }
    if plan.people:
        staged |= {
            "tax": book.tax, "shipping": book.shipping, "discount": book.discount, "country": book.country,
            "code": book.code,
        }  # fmt: skip
        codes = (plan.coupons or Coupons()).codes + tuple(offer.name for offer in all_offers(plan.experiments))
        columns |= {
            "gross": money("(amount + tax + shipping)"),
            "tax": money("tax"),
            "shipping": money("shipping"),
            "discount": money("discount"),
            "country": labels(tuple(place.code for place in plan.countries), "country"),
            "discount_code": labels(codes, "code"),
        }
    main = book.main_article
    if book.cost is not None and main is not None and plan.catalogue is not None:
        staged |= {"cost": book.cost, "article": main}
        columns |= {
            "contribution": money("(amount - cost)"),
            "product": labels(tuple(article.name for _, article in plan.catalogue.articles), "article"),
            "category": labels(tuple(category.name for category, _ in plan.catalogue.articles), "article"),
        }
    writer.events("orders", book.moment, staged, ORDER_KEY.format(row="row"), **columns)


def _channels(plan: StorePlan, book: OrderBook, population: Population, traits: Traits | None, seed: int) -> IntArray:
    """The channel of each order: first orders have the one that brought the customer, later ones often none."""
    known = book.customer >= 0
    row = np.where(known, book.customer, 0)
    own = population.channel[row]
    direct = len(plan.channels)
    if len(plan.channels) > 1:
        lot = stream(seed, "channels of later orders").random(book.size)
        by_mail = traits.accepts_marketing[row] if traits is not None else np.zeros(book.size, dtype=bool)
        later = np.select([lot < 0.25, (lot < 0.6) & by_mail], [own, direct + 1], direct)
        own = np.where(book.first, own, later)
        return np.where(known, own, direct)
    return np.asarray(own)


def write_lines(writer: TableWriter, plan: StorePlan, book: OrderBook, catalogue: Catalogue) -> None:
    """The order_lines table: list prices, the order's discount divided among its lines to the cent."""
    lines = book.baskets
    if lines is None:
        return
    first = np.diff(lines.order, prepend=-1) != 0
    number = np.arange(lines.order.size) - np.maximum.accumulate(np.where(first, np.arange(lines.order.size), 0))
    prices, costs = catalogue.prices[lines.article], catalogue.costs[lines.article]
    unit_price = prices if catalogue.list_prices else lines.amount / lines.quantity
    unit_cost = costs if catalogue.list_prices else lines.cost / lines.quantity
    staged: dict[str, NDArray[np.generic]] = {
        "customer": book.customer[lines.order],
        "order_row": lines.order,
        "line": number,
        "article": lines.article,
        "quantity": lines.quantity,
        "amount": spread(lines.order, lines.amount, book.amount),
        "unit_price": unit_price,
        "unit_cost": unit_cost,
    }
    order_id = ORDER_KEY.format(row="order_row")
    writer.events(
        "order_lines", book.moment[lines.order], staged, f"{order_id} || '/' || (line + 1)",
        customer_key=customer_key(), order_id=order_id,
        sku=labels(tuple(article.sku for _, article in catalogue.articles), "article"),
        product=labels(tuple(article.name for _, article in catalogue.articles), "article"),
        category=labels(tuple(category.name for category, _ in catalogue.articles), "article"),
        quantity="quantity", unit_price=money("unit_price"), amount=money("amount"), unit_cost=money("unit_cost"),
        currency=literal(plan.currency),
    )  # fmt: skip


def write_refunds(writer: TableWriter, plan: StorePlan, book: OrderBook, refunds: RefundEvents) -> None:
    """The refunds table: money given back, in revenue of the order."""
    reason = np.where(refunds.whole, refunds.reason, refunds.reason + len(FULL_REASONS))
    staged: dict[str, NDArray[np.generic]] = {
        "customer": book.customer[refunds.order],
        "order_row": refunds.order,
        "amount": refunds.amount,
        "reason": np.where(refunds.cancelled, len(FULL_REASONS) + len(PART_REASONS), reason),
    }
    writer.events(
        "refunds", refunds.moment, staged, "'refund of ' || " + ORDER_KEY.format(row="order_row"),
        customer_key=customer_key(), order_id=ORDER_KEY.format(row="order_row"), amount=money("amount"),
        currency=literal(plan.currency), reason=labels((*FULL_REASONS, *PART_REASONS, CANCEL_REASON), "reason"),
    )  # fmt: skip


def write_products(writer: TableWriter, catalogue: Catalogue) -> None:
    """The products table."""
    staged: dict[str, NDArray[np.generic]] = {
        "article": np.arange(catalogue.prices.size), "price": catalogue.prices, "cost": catalogue.costs
    }  # fmt: skip
    writer.rows(
        "products", staged,
        sku=labels(tuple(article.sku for _, article in catalogue.articles), "article"),
        product=labels(tuple(article.name for _, article in catalogue.articles), "article"),
        category=labels(tuple(category.name for category, _ in catalogue.articles), "article"),
        price=money("price"), unit_cost=money("cost"),
    )  # fmt: skip
