"""What a person may choose about a run, with the defaults of the house."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keepers.domain.acquisition import AcquisitionRules
from keepers.domain.errors import ConfigError
from keepers.domain.money import DEFAULT_DISCOUNT, DiscountRate, Margin
from keepers.domain.sales_team import LeadRules
from keepers.domain.time import DEFAULT_HORIZON, LIFETIME_CAP, Horizon, TimeUnit, other_horizon

if TYPE_CHECKING:
    from keepers.domain.channel_trial import ChannelTrial
    from keepers.models.base import Model
    from keepers.models.buying import BuyingModel
    from keepers.models.contractual.contract import ContractModel
    from keepers.pipeline.project import Project
    from keepers.valuation.columns import Columns

MODELS = (
    "bg-nbd",
    "mbg-nbd",
    "pareto-nbd",
    "nbd",
    "ggompertz-nbd",
    "hierarchical-pareto-nbd",
    "pareto-nbd-abe",
    "bg-cnbd",
    "mbg-cnbd",
)
"""Models of buying of the house by the names of the command line; those of installed packages have names too."""


@dataclass(frozen=True)
class RunOptions:
    """Options of `keepers run`.

    Parameters
    ----------
    into : Path
        Folder of the results.
    name : str, optional
        The store as its owner calls it; taken from the first file otherwise.
    margin : Margin
        What is left of revenue; without it values are net revenue.
    horizon, lifetime : Horizon
        What "predicted value" and "lifetime" cover.
    discount : DiscountRate
        What later money is worth now.
    unit : TimeUnit
        Unit in which models count time; results do not depend on it.
    model : str, optional
        A model of buying by name, of the house or of an installed package, or one of contracts for subscriptions;
        otherwise the backtest chooses.
    learned : bool
        Whether value is also learned from features (engagement, feedback, products, channels: whatever was read), and
        mixed in where the backtest says that it forecasts better. Needs the extra `learn`, and takes longer than all
        else.
    backtest, report : bool
        Whether models are tested on the past and whether the page is made. Without the backtest a model must be
        named, and the result is marked as untested.
    season : bool
        Whether values follow the store's season, where one is found; without a backtest they count every month alike.
    keep : bool, optional
        Whether orders and summaries are kept in the folder, so that `keepers update` can add to them; with a report
        unless said otherwise.
    result_columns : "all", "main" or sequence of str, optional
        Columns of the customer table; all of them with a report, the main ones without, unless said otherwise.
    columns : mapping
        Role to column name, where the recognition should not decide: customer, date, amount, ...
    rates : mapping
        Currency to its price in the main currency, for orders in several currencies.
    time_zone : str, optional
        The business's zone, such as Europe/Berlin; the file's own local days otherwise.
    format : str, optional
        Name of the files' format, where recognition should not decide.
    delimiter, encoding : str, optional
        Of text files, where they are not recognised.
    date_order : str, optional
        "dmy" or "mdy", where the data do not tell whether 03/04 is the third of April.
    drop_duplicate_lines : bool
        Leave out lines that are identical to another one of the same order, which are kept otherwise.
    currency : str, optional
        The main currency.
    won_stages : tuple of str
        Deal stages that mean "won", besides the usual ones.
    as_of : date, optional
        Pretend that this is the last day; orders after it are left out.
    memory, threads : optional
        Limits of the embedded engine.
    engine : str, optional
        URL of a database or cluster whose tables are used where they stand, see `keepers.connect`; results are then
        tables there, beside the folder. The embedded engine otherwise.
    engine_options : mapping
        Further options of that engine, such as `schema`.
    observed_from : date, optional
        Day from which endings of subscriptions were recorded, where records begin later than the first of them.
    acquisition : AcquisitionRules
        How soon the cost of winning a customer shall be back, how many times over, and costs that no platform charges.
    leads : LeadRules
        What working on a lead costs, and how many the sales team can work on.
    channels : mapping
        Names of your own for channels, from a channel as it is written.
    channel_trials : tuple of ChannelTrial
        Experiments with channels, which set right what contacts are credited with.
    simulated : bool
        Whether the store is a made-up one, which the report then says.
    project : Project, optional
        The project whose state remembers what the run says; without one nothing is remembered.
    """

    into: Path = Path("keepers-result")
    name: str | None = None
    margin: Margin = field(default_factory=Margin)
    horizon: Horizon = DEFAULT_HORIZON
    lifetime: Horizon = LIFETIME_CAP
    discount: DiscountRate = DEFAULT_DISCOUNT
    unit: TimeUnit = TimeUnit.WEEK
    model: str | None = None
    learned: bool = False
    backtest: bool = True
    season: bool = True
    report: bool = True
    csv: bool = True
    keep: bool | None = None
    result_columns: Columns | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    rates: Mapping[str, float] = field(default_factory=dict)
    time_zone: str | None = None
    format: str | None = None
    delimiter: str | None = None
    encoding: str | None = None
    date_order: str | None = None
    drop_duplicate_lines: bool = False
    currency: str | None = None
    won_stages: tuple[str, ...] = ()
    as_of: dt.date | None = None
    memory: str | None = None
    threads: int | None = None
    engine: str | None = None
    engine_options: Mapping[str, Any] = field(default_factory=dict)
    observed_from: dt.date | None = None
    acquisition: AcquisitionRules = field(default_factory=AcquisitionRules)
    leads: LeadRules = field(default_factory=LeadRules)
    channels: Mapping[str, str] = field(default_factory=dict)
    channel_trials: tuple[ChannelTrial, ...] = ()
    simulated: bool = False
    project: Project | None = None

    def __post_init__(self) -> None:
        if self.model is not None:
            _check_model(self.model)
        if not self.backtest and self.model is None:
            raise ConfigError(
                "Without a backtest nothing can choose the model. Name one, for example --model pareto-nbd, or of "
                "subscriptions --model shifted-beta-geometric."
            )
        if self.learned and (not self.backtest or self.engine is not None):
            raise ConfigError(
                "Learned value is used where a backtest says so, on files that are read: leave out --no-backtest and "
                "--engine, or --learned."
            )
        if self.report and self.wanted != "all":
            raise ConfigError("The report is made of all columns. Leave it out (--no-report), or write all columns.")
        if self.keep and self.engine is not None:
            raise ConfigError(
                "A base is kept of files. Orders in a database or cluster stay there: leave --keep out, and run again "
                "for new ones."
            )
        if self.keep and self.as_of is not None:
            raise ConfigError("A base is kept up to the last order's day. Leave out either --keep or --as-of.")
        if self.lifetime.days < self.horizon.days:
            raise ConfigError(
                f"The lifetime ({self.lifetime}) is shorter than the horizon ({self.horizon}). Make it longer."
            )

    @property
    def also(self) -> Horizon | None:
        """The second horizon at which every customer is valued; None where the lifetime ends before."""
        other = other_horizon(self.horizon)
        return other if other.days < self.lifetime.days else None

    @property
    def kept(self) -> bool:
        """Whether orders and summaries are kept."""
        return self.engine is None and self.as_of is None and (self.report if self.keep is None else self.keep)

    @property
    def contract_model(self) -> ContractModel | None:
        """The model of contracts that was named, not fitted; None where none was."""
        found = self._named()
        from keepers.models.contractual.contract import ContractModel

        return found if isinstance(found, ContractModel) else None

    @property
    def buying_model(self) -> BuyingModel | None:
        """The model of buying that was named, not fitted; None where none was."""
        found = self._named()
        from keepers.models.buying import BuyingModel

        return found if isinstance(found, BuyingModel) else None

    def _named(self) -> Model | None:
        if self.model is None:
            return None
        from keepers.models.catalogue import model_class

        return model_class(self.model)()

    @property
    def wanted(self) -> Columns:
        """The columns of the customer table."""
        return self.result_columns or ("all" if self.report else "main")


def _check_model(name: str) -> None:
    """Refuse what is no model of buying in continuous time, and none of contracts."""
    if name in MODELS:
        return  # without loading any: that is done while the files are read
    from keepers.models.buying import BuyingModel
    from keepers.models.catalogue import is_known, model_class, plugin_names
    from keepers.models.contractual.contract import ContractModel

    if not is_known(name):
        raise ConfigError(f"There is no model {name!r}. Use one of: {', '.join([*MODELS, *plugin_names()])}.")
    kind = model_class(name)
    if issubclass(kind, ContractModel):
        return
    if not issubclass(kind, BuyingModel):
        raise ConfigError(
            f"{kind.title} is no model of buying. Name one, for example --model pareto-nbd; models of spend are chosen "
            "by the backtest."
        )
    if kind.discrete:
        raise ConfigError(
            f"{kind.title} counts opportunities to buy, and a run sees orders by the day. `keepers backtest "
            "--opportunity month` says how it does; use it from Python, where "
            '`keepers.choose_model(orders, opportunity="month")` fits it. For a run name a model of continuous time, '
            "for example --model pareto-nbd."
        )
