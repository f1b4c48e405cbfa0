"""Write the parts of the reference that follow from the program itself; with --check only say whether they are true."""

from __future__ import annotations

import datetime as dt
import inspect
import re
import sys
from collections.abc import Callable
from enum import Enum
from pathlib import Path

from typer.testing import CliRunner

from keepers.cli.main import EXIT_CODES, app
from keepers.data.format import Format
from keepers.data.formats import formats as known_formats
from keepers.domain.columns import CANONICAL
from keepers.domain.outcome import FitOutcome
from keepers.evaluation.ranking import PREFERENCE
from keepers.evaluation.verdict import Trust
from keepers.models.base import Model
from keepers.models.buying import BuyingModel
from keepers.models.buying_uncertainty import BuyingUncertainty
from keepers.models.catalogue import CATALOGUE, model_class
from keepers.models.contractual.contract import ContractModel
from keepers.models.contractual.new_contracts import NewContracts
from keepers.models.priors import FULL_STRENGTH_UNTIL, NO_STRENGTH_FROM
from keepers.summaries.feature_parts import TEMPLATES
from keepers.summaries.feature_templates import WINDOWS, written_features
from keepers.summaries.rfm_groups import GROUPS, RfmRule
from keepers.testing.contract_questions import CONTRACT_QUESTIONS, contract_answers
from keepers.testing.questions import QUESTIONS, answers
from keepers.valuation.rhythm import LATE, LONG_GONE, OVERDUE, RULE
from keepers.valuation.states import GIVEN_UP, LOST_RULE, MODEL_RULE, UNLIKELY
from keepers.valuation.tiers import TierRule

_NO_QUESTIONS = ("fit", "save", "to_dict")
REFERENCE = Path(__file__).parent / "reference"
HEAD = "<!-- Made by docs/generate.py; change the program instead. -->\n\n"
WIDTH = 80


def commands() -> str:
    """Every command's help as the program prints it, and the exit codes."""
    runner = CliRunner()
    names = [[command.name] for command in app.registered_commands if command.name]
    for group in app.registered_groups:
        inner = group.typer_instance
        if group.name and inner is not None:
            names += [[group.name], *([group.name, one.name] for one in inner.registered_commands if one.name)]
    parts = ["# Commands\n", _help(runner, [])]
    parts += [f"## keepers {' '.join(name)}\n\n{_help(runner, name)}" for name in names]
    rows = [(str(code), meaning) for code, meaning in EXIT_CODES.items()]
    parts.append(f"## Exit codes\n\n{_table(('code', 'meaning'), rows)}")
    return HEAD + "\n".join(parts)


def _help(runner: CliRunner, command: list[str]) -> str:
    # Both, so that neither a terminal nor the variables of whoever runs this decide where lines break.
    width = {"COLUMNS": str(WIDTH), "TERMINAL_WIDTH": str(WIDTH)}
    shown = runner.invoke(app, [*command, "--help"], prog_name="keepers", env=width, terminal_width=WIDTH)
    if shown.exit_code:
        raise RuntimeError(f"keepers {' '.join(command)} --help failed: {shown.output}")
    lines = [line.rstrip() for line in shown.output.strip().splitlines()]
    return "```text\n" + "\n".join(lines) + "\n```\n"


def formats() -> str:
    """Every export format that is known by name."""
    rows = [_format_row(known) for known in sorted(known_formats(), key=lambda known: known.name)]
    return (
        f"{HEAD}# Formats\n\nFiles are recognised by their headers and their content, never by their name. Variants of "
        "these (other years, languages, delimiters, decimal commas, preambles) are recognised by the same rules, and "
        "any other table with a customer, a date and an amount is read as a table of orders. Columns can be named by "
        "hand: `--customer`, `--date`, `--amount`, `--column ROLE=COLUMN`; so can a format: `--format 'NAME'`.\n\n"
        f"{_table(('format', 'what it is', 'becomes', 'remark'), rows)}"
    )


def _format_row(known: Format) -> tuple[str, ...]:
    return f"`{known.name}`", known.label, known.shape.value, known.note


def features() -> str:
    """Every feature of customers, by the canonical table it is made of."""
    windows = ", ".join(map(str, WINDOWS[:-1])) + f" or {WINDOWS[-1]}"
    parts = [
        f"{HEAD}# Features\n\nWhat `keepers.features_at` and `keepers.features_at_age` can tell of a customer. A "
        "feature is a column where the data carry what it needs. "
        f"`{{window}}` stands for {windows} days, `{{kind}}`, `{{purpose}}`, `{{number}}` and `{{word}}` for the kinds "
        "of engagement, purposes of consent and attributes that are found in the data. Categories are words, flags 0 "
        "or 1.\n"
    ]
    before = ""
    for name, table in TEMPLATES.items():
        rows = [(f"`{f.name}`", f.meaning, f.unit) for f in written_features(name, table)]
        title = "" if table == before else f"## {table}\n\n"
        parts.append(f"{title}{_table(('feature', 'meaning', 'unit'), rows)}")
        before = table
    return "\n".join(parts)


def tables() -> str:
    """The canonical tables, column by column."""
    parts = [
        "# Tables\n\nEverything that is read becomes rows of these tables. `DECIMAL(18, 4)` holds money exactly.\n"
    ]
    for schema in CANONICAL.values():
        rows = [(f"`{c.name}`", c.type, "" if c.nullable else "always", c.meaning) for c in schema.columns]
        parts.append(
            f"## {schema.name}\n\nA row is {schema.row}.\n\n{_table(('column', 'type', 'filled', 'meaning'), rows)}"
        )
    return HEAD + "\n".join(parts)


def models() -> str:
    """The models of the catalogue with their parameters."""
    rows = []
    for name in CATALOGUE:
        model = model_class(name)
        rows.append((f"`{name}`", model.title, ", ".join(f"`{s}`" for s in model.symbols), _first_sentence(model)))
    return _table(("class", "model", "parameters", "what it says"), rows)


def questions() -> str:
    """The methods that every model of buying has, with what each answers."""
    return _questions_of(BuyingModel, BuyingUncertainty, Model)


def contract_questions() -> str:
    """The methods that every model of contracts has, with what each answers."""
    return _questions_of(ContractModel, NewContracts)


def covariate_matrix() -> str:
    """Which processes of which model covariates may change, those that stay and those that vary in time."""
    rows = []
    for name in CATALOGUE:
        kind = model_class(name)
        moved, varying = getattr(kind, "covariate_shifts", {}), getattr(kind, "varying_processes", ())
        if moved:
            rows.append((kind.title, ", ".join(f"`{one}`" for one in moved), ", ".join(f"`{one}`" for one in varying)))
    return _table(("model", "what is known of customers", "what varies in time"), rows)


def contract_matrix() -> str:
    """Every question to every model of contracts, and whether the answer can be infinite."""
    kinds = [kind for name in CATALOGUE if issubclass(kind := model_class(name), ContractModel)]
    found = {kind: contract_answers(kind) for kind in kinds}
    rows = [
        (question.words, *(found[kind][question.key] or "**no answer**" for kind in kinds))
        for question in CONTRACT_QUESTIONS
    ]
    return _table(("question", *(kind.title for kind in kinds)), rows)


def _questions_of(*models: type) -> str:
    own = [(name, member) for model in models for name, member in vars(model).items() if inspect.isfunction(member)]
    rows = [
        (f"`{name}`", _first_sentence(member)) for name, member in own if name not in _NO_QUESTIONS and name[0] != "_"
    ]
    return _table(("method", "answer"), rows)


def matrix() -> str:
    """Every question to every model of buying, and whether the answer can be infinite."""
    kinds = [kind for name in CATALOGUE if issubclass(kind := model_class(name), BuyingModel)]
    found = {kind: answers(kind) for kind in kinds}
    rows = [
        (question.words, *(found[kind][question.key] or "**no answer**" for kind in kinds)) for question in QUESTIONS
    ]
    return _table(("question", *(kind.title for kind in kinds)), rows)


def outcomes() -> str:
    """The ends of a fit with their sentences."""
    rows = [
        (f"`{one.name}`", one.value, _yes(one.usable), _yes(one.usable and one.trustworthy_parameters))
        for one in FitOutcome
    ]
    return _table(("outcome", "sentence", "predicts", "parameters may be read"), rows)


def priors() -> str:
    """The weak priors as they print themselves."""
    parts = [f"{model_class(name).title}\n{model_class(name).weak_prior}" for name in CATALOGUE]
    return (
        f"Full strength up to {FULL_STRENGTH_UNTIL} customers with a repeat purchase (for spend: with a known mean "
        f"spend; for contracts: that ended), none from {NO_STRENGTH_FROM} on, linear between.\n\n```text\n"
        + "\n\n".join(parts)
        + "\n```\n"
    )


def preference() -> str:
    """Which model is taken where several do as well."""
    return "Of models that tie, the first of: " + ", ".join(model_class(name).title for name in PREFERENCE) + ".\n"


def trust() -> str:
    """The words of a verdict."""
    return _table(("verdict", "meaning"), [(f"`{one.value}`", _sentence_of(one)) for one in Trust])


def tiers() -> str:
    """The default tiers."""
    return _table(("tier", "customers"), [(name, rule) for name, rule in TierRule().rules().items()])


def rfm() -> str:
    """The groups of both grids."""
    parts = []
    for grid, scores in (("quintiles", 5), ("thirds", 3)):
        rule = RfmRule(grid, (0.0,) * (scores - 1), (), (), False, dt.date(2000, 1, 1))
        rows = [(name, rule.rules()[name]) for name in GROUPS[grid]]
        parts.append(f"Grid `{grid}`, scores 1 to {scores}:\n\n{_table(('group', 'rule'), rows)}")
    return "\n".join(parts)


def states() -> str:
    """When a customer is active, at risk or lost."""
    rows = [
        ("at risk by the model", f"customers {MODEL_RULE}", f"P(alive) < {UNLIKELY:.0%}"),
        ("at risk by rhythm", f"customers {RULE}", f"silence probability < {OVERDUE:.0%}"),
        ("lost", f"customers {LOST_RULE}", f"P(alive) < {GIVEN_UP:.0%}, silence probability < {LONG_GONE:.0%}"),
        ("active", "all others", f"late from a silence probability < {LATE:.0%} on"),
    ]
    return _table(("state", "who", "numbers"), rows)


PAGES: dict[str, Callable[[], str]] = {
    "commands.md": commands,
    "formats.md": formats,
    "tables.md": tables,
    "features.md": features,
}
BLOCKS: dict[str, tuple[Callable[[], str], ...]] = {
    "models.md": (
        models,
        questions,
        contract_questions,
        contract_matrix,
        covariate_matrix,
        matrix,
        outcomes,
        priors,
        preference,
    ),
    "definitions.md": (tiers, rfm, states, trust),
}
"""Parts of pages that are otherwise written by hand, each between ``<!-- begin NAME -->`` and ``<!-- end NAME -->``."""


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    cells = [head, tuple("---" for _ in head), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |\n" for row in cells)


def _first_sentence(thing: object) -> str:
    text = " ".join((inspect.getdoc(thing) or "").split("\n\n")[0].split())
    return re.sub(r"``?([^`]+)``?", r"`\1`", text).split(". ")[0].rstrip(".") + "."


def _sentence_of(member: Enum) -> str:
    """The text that stands under a member in its class."""
    source = inspect.getsource(type(member))
    found = re.search(rf'{member.name} = [^\n]+\n\s+"""([^"]+)"""', source)
    return "" if found is None else " ".join(found.group(1).split())


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def pages() -> dict[Path, str]:
    """Every page of the reference as it should be."""
    made = {REFERENCE / name: make() for name, make in PAGES.items()}
    for name, blocks in BLOCKS.items():
        text = (REFERENCE / name).read_text(encoding="utf-8")
        for block in blocks:
            mark = block.__name__
            begin, end = f"<!-- begin {mark} -->", f"<!-- end {mark} -->"
            if begin not in text or end not in text:
                raise ValueError(f"docs/reference/{name} has no place for {mark!r}: add {begin} and {end}")
            before, _, rest = text.partition(begin)
            text = f"{before}{begin}\n\n{block()}\n{end}{rest.partition(end)[2]}"
        made[REFERENCE / name] = text
    return made


def main() -> None:
    """Write the pages, or compare them."""
    stale = []
    for path, text in pages().items():
        if "--check" not in sys.argv:
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(path.name)
    if stale:
        sys.exit(f"Out of date: {', '.join(stale)}. Run scripts/docs and commit what changes.")


if __name__ == "__main__":
    main()
