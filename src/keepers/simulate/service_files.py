"""What a shop's other services export: advertising spend, HubSpot's leads and companies, Stripe's subscriptions."""

from __future__ import annotations

from collections.abc import Mapping

from keepers.data.engine import quoted
from keepers.data.table import Table

_CENTS = "DECIMAL(18, 2)"
_STAMP = "'%Y-%m-%d %H:%M:%S'"


def service_queries(tables: Mapping[str, Table], by_address: bool) -> dict[str, tuple[str, str]]:
    """File name and query, by the table that the file is about.

    Parameters
    ----------
    tables : mapping of str to Table
        By canonical name.
    by_address : bool
        Name people by their e-mail address, as services do that know no other; by their key otherwise.
    """
    queries = {}
    if "spend" in tables:
        queries["spend"] = ("marketing_spend.csv", _spend(tables["spend"]))
    if "leads" in tables and "customer_attributes" in tables:
        queries["leads"] = ("leads.csv", _leads(tables, by_address))
    if "accounts" in tables:
        queries["accounts"] = ("companies_export.csv", _companies(tables["accounts"]))
    if "subscriptions" in tables and by_address:
        queries["subscriptions"] = ("subscriptions_export.csv", _subscriptions(tables))
    return queries


def _spend(table: Table) -> str:
    return f"""SELECT day AS "Date", channel AS "Platform", campaign AS "Campaign", amount::{_CENTS} AS "Spend",
            currency AS "Currency", impressions AS "Impressions", clicks AS "Clicks",
            claimed_conversions::BIGINT AS "Conversions", claimed_value::{_CENTS} AS "Conversion value"
        FROM {quoted(table.name)} ORDER BY day, channel, campaign"""


def _companies(table: Table) -> str:
    """HubSpot's export of companies."""
    return f"""SELECT account_id AS "Record ID", name AS "Company name", 'https://' || domain AS "Website URL",
            domain AS "Domain", industry AS "Industry", country AS "Country/Region",
            strftime(created_at, {_STAMP}) AS "Create Date"
        FROM {quoted(table.name)} ORDER BY account_id"""


def _subscriptions(tables: Mapping[str, Table]) -> str:
    """Stripe's export of subscriptions; days stand at noon, so that they are the same day everywhere."""
    table, people = quoted(tables["subscriptions"].name), quoted(tables["persons"].name)
    status = "CASE status WHEN 'trial' THEN 'trialing' WHEN 'cancelled' THEN 'canceled' ELSE status END"

    def noon(day: str) -> str:
        return f"strftime({day} + INTERVAL 12 HOUR, {_STAMP})"

    return f"""SELECT 'sub_' || t.subscription_id AS "id", 'cus_' || t.customer_key AS "Customer ID",
            p.name AS "Customer Name", p.email AS "Customer Email", t.plan AS "Plan", 'Tea subscription' AS "Product",
            t.quantity::BIGINT AS "Quantity", t.interval AS "Interval", t.amount::{_CENTS} AS "Amount",
            lower(t.currency) AS "Currency", {status} AS "Status", t.cancellation_reason AS "Cancellation Reason",
            strftime(t.occurred_at, {_STAMP}) AS "Created (UTC)", {noon("t.started_on")} AS "Start Date (UTC)",
            {noon("t.trial_ends_on")} AS "Trial End (UTC)", {noon("t.ended_on")} AS "Canceled At (UTC)",
            {noon("t.ended_on")} AS "Ended At (UTC)"
        FROM {table} t LEFT JOIN {people} p ON p.customer_key = t.customer_key ORDER BY t.subscription_id"""


def _leads(tables: Mapping[str, Table], by_address: bool) -> str:
    """Leads as a CRM exports them: what was known when they came, and how they stand."""
    leads, known = quoted(tables["leads"].name), quoted(tables["customer_attributes"].name)
    who = 'p.email AS "Email"' if by_address else 't.customer_key AS "Customer ID"'
    people = f"LEFT JOIN {quoted(tables['persons'].name)} p ON p.customer_key = t.customer_key" if by_address else ""
    answers = ", ".join(
        f"max(value) FILTER (attribute = '{attribute}') AS {attribute}"
        for attribute in ("company_size", "interest", "pages_seen_before")
    )
    return f"""WITH known AS (SELECT customer_key, {answers} FROM {known} GROUP BY 1)
        SELECT t.lead_id AS "Lead ID", {who}, strftime(t.occurred_at, '%Y-%m-%d %H:%M:%S') AS "Created at",
               t.channel AS "Lead source", t.campaign AS "Campaign", t.status AS "Status", t.stage AS "Stage",
               t.owner AS "Lead owner", t.company AS "Company", t.country AS "Country",
               k.company_size AS "Company size", k.interest AS "Interest", k.pages_seen_before AS "Pages seen before",
               t.amount::DECIMAL(18, 2) AS "Amount", t.currency AS "Currency", t.closed_on AS "Close date"
        FROM {leads} t LEFT JOIN known k ON k.customer_key = t.customer_key {people}
        ORDER BY t.lead_id"""
