"""What `keepers check` prints."""

from __future__ import annotations

from keepers.cli.tables import print_json, print_table, print_text
from keepers.pipeline.check import CheckResult, Support

_SIGNS = {Support.YES: "yes", Support.PARTLY: "partly", Support.NO: "no"}


def show_check(found: CheckResult, json: bool) -> None:
    """Print the account of a reading and what it supports."""
    if json:
        print_json(found.to_dict())
        return
    account = found.dataset.reconciliation
    print_table(
        "Files",
        ("file", "read as", "sure", "rows", "loaded", "set aside"),
        [
            (
                f.source,
                f.label,
                f"{f.confidence:.0%}",
                f"{f.rows_read:,}",
                f"{f.rows_loaded:,}",
                f"{f.rows_quarantined:,}",
            )
            for f in account.files
        ],
        right=(2, 3, 4, 5),
    )
    for file in account.files:
        roles = ", ".join(f"{role} = {column}" for role, column in file.roles.items())
        print_text(f"{file.source}: {roles}" if roles else file.source, style="dim")
        for note in file.notes:
            print_text(f"  {note}", style="dim")
    if account.charged:
        print_table("Where the money went", ("what", "currency", "rows", "amount"), account.rows(), right=(2, 3))
    if account.quarantine:
        print_table(
            "Set aside",
            ("file", "reason", "rows", "first lines"),
            [(q.source, q.reason, f"{q.rows:,}", ", ".join(map(str, q.first_lines))) for q in account.quarantine],
            right=(2,),
        )
    for finding in account.findings:
        print_text(f"{finding.level}: {finding.text}", style="yellow" if finding.level == "warning" else None)
    print_table(
        "What these data answer",
        ("question", "answer", "because"),
        [(q.question, _SIGNS[q.support], q.because) for q in found.questions],
    )
