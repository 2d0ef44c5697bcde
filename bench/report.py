"""Writes what was measured: a table for people, and JSON with every round."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import median

from bench.measure import Comparison, Row

RESULTS = Path(__file__).with_name("results")

HEADINGS = ("what", "against", "measured", "baseline", "ratio", "reach", "")


def line(row: Row) -> str:
    """One row of the table."""
    return "| " + " | ".join(_cells(row)) + " |"


def table(rows: Sequence[Row]) -> str:
    """All rows as a Markdown table."""
    rule = "|" + "---|" * len(HEADINGS)
    return "\n".join(["| " + " | ".join(HEADINGS) + " |", rule, *map(line, rows)])


def write(results: Mapping[str, Sequence[Row]], about: Sequence[str], folder: Path = RESULTS) -> None:
    """Replaces the results in *folder*. about: the machine, the versions and the method, a line each."""
    folder.mkdir(exist_ok=True)
    rows = [row for some in results.values() for row in some]
    text = ["# Results of `make bench`", "", *(f"- {line}" for line in about), "", table(rows), ""]
    (folder / "results.md").write_text("\n".join(text), encoding="utf-8")
    content = {"about": list(about), "results": {name: [_kept(row) for row in some] for name, some in results.items()}}
    (folder / "results.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def _cells(row: Row) -> list[str]:
    if not isinstance(row, Comparison):
        return [row.subject, "", "not measured", "", "", "", row.why]
    verdict = {True: "reached", False: "**missed**", None: ""}[row.met]
    return [
        row.subject + (f" ({row.note})" if row.note else ""),
        row.baseline,
        f"{_number(median(row.values))} {row.unit}",
        f"{_number(median(row.baseline_values))} {row.unit}",
        f"{row.ratio:.2f}",
        "" if row.target is None else str(row.target),
        verdict,
    ]


def _kept(row: Row) -> dict[str, object]:
    kept: dict[str, object] = asdict(row)
    return kept | {"ratio": row.ratio, "reached": row.met} if isinstance(row, Comparison) else kept


def _number(value: float) -> str:
    """Three significant digits, thousands in groups."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
