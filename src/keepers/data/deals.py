"""Deals as sales: what was won is a purchase on the day it was closed, where nothing else tells of sales."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from keepers.data.format import Shape
from keepers.data.recognition import Recognition
from keepers.data.vocabulary import header_key

WON = """closed won, closedwon, won, won deal, gewonnen, abgeschlossen und gewonnen, abgeschlossen gewonnen,
    gagne, gagnee, conclu gagne, ganado, cierre ganado, cerrado ganado, cerrada ganada, ganho, fechado ganho,
    chiuso vinto, vinto, signed, contract signed, customer, closed converted, converted, qualified converted"""
LOST = """closed lost, closedlost, lost, verloren, abgeschlossen und verloren, abgeschlossen verloren, perdu,
    conclu perdu, perdido, cierre perdido, cerrado perdido, fechado perdido, chiuso perso, perso, closed not
    converted, unqualified, disqualified, junk lead, not qualified, dead, bad fit"""

_AS_SALES = {
    "lead_id": "order_id",
    "closed_on": "date",
    "amount": "amount",
    "currency": "currency",
    "customer_id": "customer_id",
    "email": "email",
    "company": "name",
    "stage": "status",
    "product": "product",
    "channel": "channel",
}


def words(listed: str) -> tuple[str, ...]:
    """The keys of words written in one text, separated by commas."""
    return tuple(header_key(word) for word in listed.replace("\n", " ").split(","))


def as_sales(recognition: Recognition, won_stages: Sequence[str]) -> Recognition | None:
    """The same table read as sales: won deals are paid, lost ones void, open ones pending; None without a close "
    "date."""
    if not {"closed_on", "amount", "stage"} <= set(recognition.roles):
        return None
    won = {header_key(stage): "paid" for stage in won_stages} | dict.fromkeys(words(WON), "paid")
    statuses = {"": "pending"} | dict.fromkeys(words(LOST), "void") | won
    roles = {new: recognition.roles[old] for old, new in _AS_SALES.items() if old in recognition.roles}
    declared = replace(recognition.format, shape=Shape.SALES, statuses=statuses, lines=False, constants={})
    return replace(recognition, format=declared, roles=roles)
