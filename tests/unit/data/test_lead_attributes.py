"""What a list of leads says beyond the schema is kept; what names a person is not."""

from pathlib import Path

import keepers as kp


def test_columns_without_a_role_become_attributes(tmp_path: Path) -> None:
    lines = ["Lead ID,Email,Created at,Lead source,Stage,Company size,Pages seen,Remark"]
    sizes = ("1-9", "10-49", "", "250+")
    lines += [
        f"L{n},p{n}@corp{n}.example,2026-0{1 + n % 8}-11,web,{'closed won' if n % 5 == 0 else 'inquiry'},"
        f"{sizes[n % 4]},{n % 7},asked about thing number {n} at noon"
        for n in range(40)
    ]
    path = tmp_path / "leads.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    found = kp.read(path)
    told = found.engine.rows(
        "SELECT attribute, count(*), count(DISTINCT value) FROM lead_attributes GROUP BY 1 ORDER BY 1"
    )
    assert told == [("company_size", 30, 3), ("pages_seen", 40, 7)]
    joined = found.engine.rows(
        "SELECT l.lead_id, a.value FROM leads l JOIN lead_attributes a ON a.lead_event_id = l.event_id "
        "WHERE a.attribute = 'company_size' AND l.lead_id IN ('L0', 'L7') ORDER BY 1"
    )
    assert joined == [("L0", "1-9"), ("L7", "250+")]
