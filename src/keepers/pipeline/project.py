"""A project: the folder with keepers.toml, what it says once for all runs, and the state that lies within."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keepers.domain.acquisition import AcquisitionRules
from keepers.domain.alert import AlertRules
from keepers.domain.channel_trial import ChannelTrial
from keepers.domain.errors import ConfigError
from keepers.domain.sales_team import LeadRules
from keepers.pipeline.config import FILE, written
from keepers.pipeline.secrets import revealed

if TYPE_CHECKING:
    from keepers.retention.loyalty import LoyaltyRule
    from keepers.storage.state import State

_SECTIONS: dict[str, dict[str, tuple[type, ...]]] = {
    "store": {"name": (str,), "currency": (str,), "time_zone": (str,)},
    "value": {"margin": (str, float, int), "horizon": (str,), "lifetime": (str,), "discount": (str, float, int)},
    "marketing": {"spend": (list,)},
    "acquisition": {
        "payback_months": (float, int), "ratio": (float, int), "overhead": (float, int), "business": (str,),
        "look_back_days": (float, int),
    },
    "leads": {
        "cost": (float, int), "a_week": (int,), "people": (dict,), "may_move": (bool,), "left_out": (list,),
    },
    "destinations": {"folder": (str,)},
    "alerts": {
        "owner": (str,), "due_days": (int,), "cool_down_days": (int,), "lapse_days": (int,), "most": (int,),
        "horizon_days": (int,),
    },
    "state": {"url": (str,), "snapshots": (str,)},
    "server": {"host": (str,), "port": (int,), "refit": (str,), "https": (bool,)},
}  # fmt: skip
"""Sections with their keys and what may stand there; `[engine]`, `[service]` and `[loyalty]` have keys of their own."""

_FREE = ("engine", "service", "channels", "channel_experiments", "loyalty")


@dataclass(frozen=True)
class Project:
    """What keepers.toml says.

    Parameters
    ----------
    folder : Path
        Where it lies; paths within it are relative to there.
    sources, spend : tuple of str
        Files or URLs with orders and what belongs to them, and with marketing spend.
    name, currency, time_zone : str, optional
        The store.
    margin, horizon, lifetime, discount : str, optional
        As they are written on the command line.
    into : str, optional
        Folder of the results.
    alerts : AlertRules
        When alerts are raised, to whom, until when.
    churn_days : int, optional
        How far warnings look ahead; chosen by the store's rhythm otherwise.
    service : mapping of str to float
        What serving a customer of a tier costs a year, by the tier's name.
    acquisition : AcquisitionRules
        Targets and costs of winning customers.
    leads : LeadRules
        What working on a lead costs, and how many the sales team can work on.
    channels : mapping of str to str
        Names of the owner's for channels, from a channel as it is written.
    loyalty : tuple of LoyaltyRule
        Loyalty tiers with their perks.
    channel_trials : tuple of ChannelTrial
        Experiments with channels.
    state_url, snapshots : str, optional
        A team's database, and the folder that it shares.
    server : mapping
        How the running system is reached, and when it values everything anew: `host`, `port`, `refit`, `https`.
    """

    folder: Path
    sources: tuple[str, ...] = ()
    spend: tuple[str, ...] = ()
    name: str | None = None
    currency: str | None = None
    time_zone: str | None = None
    margin: str | None = None
    horizon: str | None = None
    lifetime: str | None = None
    discount: str | None = None
    into: str | None = None
    alerts: AlertRules = field(default_factory=AlertRules)
    churn_days: int | None = None
    service: Mapping[str, float] = field(default_factory=dict)
    acquisition: AcquisitionRules = field(default_factory=AcquisitionRules)
    leads: LeadRules = field(default_factory=LeadRules)
    channels: Mapping[str, str] = field(default_factory=dict)
    loyalty: tuple[LoyaltyRule, ...] = ()
    channel_trials: tuple[ChannelTrial, ...] = ()
    state_url: str | None = None
    snapshots: str | None = None
    server: Mapping[str, Any] = field(default_factory=dict)

    @property
    def locations(self) -> list[str]:
        """Everything to read."""
        return [_located(self.folder, place) for place in (*self.sources, *self.spend)]

    def open_state(self, pooled: bool = False) -> State:
        """The state, made where there is none and brought to today's schema; `pooled` for a process that runs for long.

        Raises
        ------
        KeepersError
            If it cannot be opened, with what to do.
        """
        # A run without a project need not load a database.
        from keepers.storage.state import State

        shared = None if self.snapshots is None else Path(_located(self.folder, self.snapshots))
        url = None if self.state_url is None else revealed(self.state_url, "[state] url", self.folder)
        return State(self.folder, url, shared, pooled)


def project_of(folder: Path) -> Project | None:
    """The project of a folder; None where there is no keepers.toml.

    Raises
    ------
    ConfigError
        Something in the file makes no sense, naming it.
    """
    if not (folder / FILE).is_file():
        return None
    said = written(folder)
    sources = said.pop("sources", [])
    _check(folder / FILE, said, sources)
    store, value, alerts = said.get("store", {}), said.get("value", {}), dict(said.get("alerts", {}))
    churn_days = alerts.pop("horizon_days", None)
    return Project(
        folder,
        sources=tuple(sources),
        spend=tuple(said.get("marketing", {}).get("spend", ())),
        **store,
        **{key: str(text) for key, text in value.items()},
        into=said.get("destinations", {}).get("folder"),
        alerts=AlertRules(**alerts),
        churn_days=churn_days,
        service={tier: float(cost) for tier, cost in said.get("service", {}).items()},
        acquisition=_acquisition(said.get("acquisition", {})),
        leads=_lead_rules(said.get("leads", {})),
        channels=dict(said.get("channels", {})),
        loyalty=_loyalty(said.get("loyalty", {})),
        channel_trials=_trials(folder / FILE, said.get("channel_experiments", [])),
        state_url=said.get("state", {}).get("url"),
        snapshots=said.get("state", {}).get("snapshots"),
        server=said.get("server", {}),
    )


def _loyalty(section: Mapping[str, Any]) -> tuple[LoyaltyRule, ...]:
    if not section:
        return ()
    # A project without tiers need not load them.
    from keepers.pipeline.loyalty_rules import loyalty_rules

    return loyalty_rules(section)


def _acquisition(said: Mapping[str, Any]) -> AcquisitionRules:
    numbers = {key: float(value) for key, value in said.items() if key != "business"}
    return AcquisitionRules(**numbers, business=said.get("business", AcquisitionRules().business))


def _lead_rules(said: Mapping[str, Any]) -> LeadRules:
    return LeadRules(
        float(said.get("cost", 0.0)), said.get("a_week"), dict(said.get("people", {})), said.get("may_move", True),
        tuple(said.get("left_out", ())),
    )  # fmt: skip


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


def _check(path: Path, said: Mapping[str, Any], sources: Any) -> None:
    if not _texts(sources):
        raise ConfigError(f'{path}: `sources` is a list of files or URLs, such as sources = ["orders.csv"].')
    for section, keys in said.items():
        if section in _FREE:
            continue
        known = _SECTIONS.get(section)
        if known is None or not isinstance(keys, dict):
            names = ", ".join(f"[{name}]" for name in (*_SECTIONS, *_FREE))
            raise ConfigError(f"{path}: `{section}` is not known here. There are `sources` and the sections {names}.")
        for key, value in keys.items():
            if key not in known:
                raise ConfigError(f"{path}: [{section}] has no `{key}`. It may say: {', '.join(known)}.")
            unwanted = isinstance(value, bool) and bool not in known[key]
            texts = key in ("spend", "left_out")
            if not isinstance(value, known[key]) or unwanted or (texts and not _texts(value)):
                words: dict[type, str] = {
                    list: "a list of texts", int: "a whole number", bool: "true or false",
                    dict: "a table, such as { Ada = 20 }",
                }  # fmt: skip
                wanted = words.get(known[key][-1], "a text")
                if (section == "acquisition" and key != "business") or (section == "leads" and key == "cost"):
                    wanted = "a number"
                elif len(known[key]) > 1:
                    wanted = 'a share, such as 0.35 or "35%"'
                raise ConfigError(f"{path}: [{section}] {key} = {value!r} should be {wanted}.")
            if isinstance(value, int) and section == "alerts" and value < 0:
                raise ConfigError(f"{path}: [alerts] {key} = {value} is negative.")
    _check_free(path, said)


def _check_free(path: Path, said: Mapping[str, Any]) -> None:
    """Sections whose keys are the owner's own."""
    for written_as, name in said.get("channels", {}).items():
        if not isinstance(name, str) or not name.strip():
            raise ConfigError(f"{path}: [channels] {written_as} = {name!r} should be a text: what it shall be called.")
    for tier, cost in said.get("service", {}).items():
        if not isinstance(cost, (int, float)) or isinstance(cost, bool) or cost < 0:
            raise ConfigError(
                f"{path}: [service] {tier} = {cost!r} should be what serving such a customer costs a year."
            )


def _trials(path: Path, said: Any) -> tuple[ChannelTrial, ...]:
    if not isinstance(said, list):
        raise ConfigError(f"{path}: experiments with channels are tables of a list: write [[channel_experiments]].")
    try:
        return tuple(ChannelTrial.of(one) for one in said)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from None


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) and one.strip() for one in value)


def _located(folder: Path, place: str) -> str:
    """A path relative to the project; URLs and absolute paths as they are."""
    if "://" in place:
        return place
    return str(folder / Path(place).expanduser())


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
# What is left of revenue after all costs of serving; without it values are net revenue.
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


def _channels(project: Project) -> str:
    return "".join(f"{_quoted(old)} = {_quoted(new)}\n" for old, new in project.channels.items())


def _line(key: str, value: str | None, example: str) -> str:
    return f"# {key} = {_quoted(example)}" if value is None else f"{key} = {_quoted(value)}"


def _listed(texts: tuple[str, ...]) -> str:
    return f"[{', '.join(_quoted(text) for text in texts)}]"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(f"\\u{ord(sign):04x}" if ord(sign) < 32 else sign for sign in escaped) + '"'
