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
from keepers.domain.keeping import KeepingTimes, keeping_times
from keepers.domain.sales_team import LeadRules
from keepers.pipeline.config import FILE, written
from keepers.pipeline.connect_settings import Source, pulled_folders, sources_of
from keepers.pipeline.halves import refuse_half_restored
from keepers.pipeline.letter_settings import LetterSettings, letter_settings
from keepers.pipeline.secrets import refers, revealed

if TYPE_CHECKING:
    from keepers.retention.loyalty import LoyaltyRule
    from keepers.storage.state import State

_SECTIONS: dict[str, dict[str, tuple[type, ...]]] = {
    "store": {"name": (str,), "currency": (str,), "time_zone": (str,)},
    "value": {"margin": (str, float, int), "horizon": (str,), "lifetime": (str,), "discount": (str, float, int)},
    "money": {"rates": (dict,)},
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
    "server": {"host": (str,), "port": (int,), "refit": (str,), "drift": (bool,), "https": (bool,), "log": (str,)},
}  # fmt: skip
"""Sections with their keys and what may stand there; those of `_FREE` have keys of their own."""

OF_ORDERS = "orders"
"""What stands at `margin` where each order's own costs tell it."""

_FREE = ("engine", "service", "channels", "channel_experiments", "loyalty", "letter", "connect", "retention")


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
        As they are written on the command line; a `margin` of `OF_ORDERS` stands for ``--order-margin``.
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
        How the running system is reached, when it values everything anew, and what its log looks like: `host`, `port`,
        `https`, `refit`, `drift`, `log`.
    letter : LetterSettings
        To whom letters go, when, and through which mail server.
    keeping : KeepingTimes
        How long received events and the audit log are kept.
    connections : tuple of Source
        Services, databases and files from which the project pulls.
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
    rates: Mapping[str, float] = field(default_factory=dict)
    service: Mapping[str, float] = field(default_factory=dict)
    acquisition: AcquisitionRules = field(default_factory=AcquisitionRules)
    leads: LeadRules = field(default_factory=LeadRules)
    channels: Mapping[str, str] = field(default_factory=dict)
    loyalty: tuple[LoyaltyRule, ...] = ()
    channel_trials: tuple[ChannelTrial, ...] = ()
    state_url: str | None = None
    snapshots: str | None = None
    server: Mapping[str, Any] = field(default_factory=dict)
    letter: LetterSettings = field(default_factory=LetterSettings)
    keeping: KeepingTimes = field(default_factory=KeepingTimes)
    connections: tuple[Source, ...] = ()

    @property
    def locations(self) -> list[str]:
        """Everything to read: what is named, and what was pulled."""
        named = [_located(self.folder, place) for place in (*self.sources, *self.spend)]
        return named + pulled_folders(self.folder, self.connections)

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
        Something in the file makes no sense, naming it; or half of the project is there, as a restore was ended.
    """
    if not (folder / FILE).is_file():
        return None
    refuse_half_restored(folder)
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
        rates={code.upper(): float(price) for code, price in said.get("money", {}).get("rates", {}).items()},
        service={tier: float(cost) for tier, cost in said.get("service", {}).items()},
        acquisition=_acquisition(said.get("acquisition", {})),
        leads=_lead_rules(said.get("leads", {})),
        channels=dict(said.get("channels", {})),
        loyalty=_loyalty(said.get("loyalty", {})),
        channel_trials=_trials(folder / FILE, said.get("channel_experiments", [])),
        state_url=said.get("state", {}).get("url"),
        snapshots=said.get("state", {}).get("snapshots"),
        server=said.get("server", {}),
        letter=letter_settings(folder / FILE, said.get("letter", {})),
        keeping=keeping_times(said.get("retention", {}), str(folder / FILE)),
        connections=sources_of(folder / FILE, said.get("connect")),
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
                    dict: "a table, such as " + ("{ EUR = 1, USD = 0.92 }" if key == "rates" else "{ Ada = 20 }"),
                }  # fmt: skip
                wanted = words.get(known[key][-1], "a text")
                if (section == "acquisition" and key != "business") or (section == "leads" and key == "cost"):
                    wanted = "a number"
                elif len(known[key]) > 1:
                    wanted = 'a share, such as 0.35 or "35%"'
                raise ConfigError(f"{path}: [{section}] {key} = {value!r} should be {wanted}.")
            if isinstance(value, int) and section == "alerts" and value < 0:
                raise ConfigError(f"{path}: [alerts] {key} = {value} is negative.")
            if (section, key) == ("server", "log") and value not in ("human", "json"):
                raise ConfigError(f'{path}: [server] log = {value!r} should be "human" or "json".')
    _check_free(path, said)


def _check_free(path: Path, said: Mapping[str, Any]) -> None:
    """Sections whose keys are the owner's own."""
    for written_as, name in said.get("channels", {}).items():
        if not isinstance(name, str) or not name.strip():
            raise ConfigError(f"{path}: [channels] {written_as} = {name!r} should be a text: what it shall be called.")
    for code, price in said.get("money", {}).get("rates", {}).items():
        number = isinstance(price, (int, float)) and not isinstance(price, bool)
        if not (number and 0 < price < float("inf") and len(code) == 3 and code.isalpha()):
            raise ConfigError(
                f"{path}: [money] rates: {code} = {price!r} should be a currency and what one unit of it is worth in "
                "the main currency, such as rates = { EUR = 1, USD = 0.92 }."
            )
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
    """A path relative to the project; URLs, absolute paths and what stands elsewhere as they are."""
    if "://" in place or refers(place):
        return place
    return str(folder / Path(place).expanduser())
