"""keepers.toml written for somebody who begins: what is known filled in, everything else as an example to uncomment."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from keepers.domain.errors import ConfigError
from keepers.domain.sales_team import LeadRules
from keepers.pipeline.config import FILE
from keepers.pipeline.project import Project


def begin_project(project: Project, replace: bool = False) -> Path:
    """Write keepers.toml; gives its path.

    Raises
    ------
    ConfigError
        There is one already, or the folder may not be written.
    """
    path = project.folder / FILE
    if path.exists() and not replace:
        raise ConfigError(f"{path} is there already. Change it with an editor, or write it anew with --force.")
    beside = path.with_name(f".{path.name}.part")
    try:
        beside.write_text(_text(project), encoding="utf-8")
        beside.replace(path)
    except OSError as error:
        raise ConfigError(f"{path} cannot be written ({error.strerror}). Work in another folder.") from error
    finally:
        beside.unlink(missing_ok=True)
    return path


def _text(project: Project) -> str:
    """keepers.toml with everything that can be said, what is not said yet as a comment."""
    rules = project.alerts
    return f"""\
# What Keepers needs to know for what comes again. In this folder, `keepers run` reads it; options on the command line
# go before it. What the program should remember (alerts, published scores, thresholds) lies in .keepers.

# Files, folders or database URLs of orders and what belongs to them.
sources = {_listed(project.sources)}

[store]
{_line("name", project.name, "My shop")}
{_line("currency", project.currency, "EUR")}
{_line("time_zone", project.time_zone, "Europe/Berlin")}

[value]
# What is left of revenue after all costs of serving, or "orders" where files say what each order cost; without it
# values are net revenue.
{_line("margin", project.margin, "35%")}
{_line("horizon", project.horizon, "12months")}
{_line("lifetime", project.lifetime, "5years")}
{_line("discount", project.discount, "10%")}

[marketing]
# Files of what was spent on marketing.
spend = {_listed(project.spend)}

[acquisition]
# Months within which the cost of winning a customer shall be back, and how many times over in the lifetime.
payback_months = {project.acquisition.payback_months:g}
ratio = {project.acquisition.ratio:g}
# What winning customers costs a month beside what platforms charge: people, agencies, tools.
overhead = {project.acquisition.overhead:g}
# Days that a contact with marketing counts.
look_back_days = {project.acquisition.look_back_days:g}
# shop, subscription, services or local: what is believed of advertising before the data say more.
business = {_quoted(project.acquisition.business)}

[leads]
# What working on one lead costs, and how many the team, or each person, can work on in a week; else the pace of late.
cost = {project.leads.cost:g}
{_lead_lines(project.leads)}
[channels]
# What a channel shall be called, by how a file writes it.
# "fb_prospecting" = "meta ads"
{_channels(project)}
# Experiments with channels; what they found goes before what contacts tell. See docs/acquisition.md.
# [[channel_experiments]]
# channel = "paid search"
# places = ["Bavaria"]   # where it was switched off
# since = 2026-03-01
# until = 2026-03-28

[destinations]
{_line("folder", project.into, "keepers-result")}

[alerts]
owner = {_quoted(rules.owner)}
due_days = {rules.due_days}
# For so long after an alert is closed none is raised of the same customer and cause.
cool_down_days = {rules.cool_down_days}
lapse_days = {rules.lapse_days}
# New alerts of one run at most.
most = {rules.most}
# How far warnings look ahead; otherwise the store's own rhythm says so.
# horizon_days = 90

[service]
# What serving a customer of a tier costs a year, to see whether it pays.
# Platinum = 40.0

[loyalty]
# Tiers of a loyalty programme by what was spent in the past year, with what members get: whether they pay.
# Gold = {{ from = 300, discount = "5%", cost = 4.0 }}

# Where new orders come from by themselves; `keepers pull` brings them. See docs/connect.md.
# [connect.shop]
# kind = "shopify"
# shop = "name.myshopify.com"
# token = "{{env:SHOPIFY_TOKEN}}"
# schedule = "0 * * * *"
{_connections(project)}
[state]
# A team shares a PostgreSQL database and a folder; otherwise both lie in .keepers. Passwords stand in a variable of the
# environment, {{env:NAME}}, or in a file, {{file:/run/secrets/NAME}}.
{_line("url", project.state_url, "postgresql://user:{env:KEEPERS_PASSWORD}@host/database")}
{_line("snapshots", project.snapshots, "/shared/keepers")}

[server]
# keepers serve: where it is reached, and when it values everything anew (as a crontab has it).
# host = "127.0.0.1"
# port = 8765
# refit = "0 3 * * *"
# https = true  # reached over TLS, through a proxy

[letter]
# The weekly letter: keepers serve sends it then. See docs/letters.md.
# to = ["you@example.com"]
# from = "Keepers <keepers@example.com>"
# when = "0 7 * * mon"
# host = "smtp.example.com"
# user = "keepers"
# password = "{{env:SMTP_PASSWORD}}"
"""


def _lead_lines(rules: LeadRules) -> str:
    people = ", ".join(f"{_quoted(name)} = {room}" for name, room in rules.people.items())
    return (
        f"{'# a_week = 40' if rules.a_week is None else f'a_week = {rules.a_week}'}\n"
        f"{f'people = {{ {people} }}' if people else '# people = { Ada = 20, Ben = 15 }'}\n"
        "# Whether a lead may go to somebody else than its owner, and columns that are not to be used.\n"
        f"may_move = {'true' if rules.may_move else 'false'}\n"
        f"left_out = {_listed(rules.left_out)}\n"
    )


def _connections(project: Project) -> str:
    return "".join(
        f"\n[connect.{one.name}]\nkind = {_quoted(one.kind)}\n"
        + "".join(f"{key} = {_inline(value)}\n" for key, value in one.said.items())
        + (f"schedule = {_quoted(one.schedule)}\n" if one.schedule else "")
        for one in project.connections
    )


def _inline(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_quoted(key)} = {_inline(inner)}" for key, inner in value.items()) + " }"
    return _quoted(str(value))


def _channels(project: Project) -> str:
    return "".join(f"{_quoted(old)} = {_quoted(new)}\n" for old, new in project.channels.items())


def _line(key: str, value: str | None, example: str) -> str:
    return f"# {key} = {_quoted(example)}" if value is None else f"{key} = {_quoted(value)}"


def _listed(texts: tuple[str, ...]) -> str:
    return f"[{', '.join(_quoted(text) for text in texts)}]"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(f"\\u{ord(sign):04x}" if ord(sign) < 32 else sign for sign in escaped) + '"'
