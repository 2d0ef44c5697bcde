"""`python -m bench.evaluation [DATA]`: how good the models are on real data; `make evaluate` runs it.

DATA: the folder with the data sets that docs/real-data.md names; ../shared/data beside the checkout otherwise.
"""

import argparse
import sys
from pathlib import Path

from bench.evaluation import mastery, readiness, reviews
from bench.report import RESULTS

DATA = Path(__file__).parents[3] / "shared" / "data"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.evaluation", description=__doc__)
    parser.add_argument("data", nargs="?", type=Path, default=DATA, metavar="DATA")
    data: Path = parser.parse_args().data
    if not data.is_dir():
        print(f"evaluate: there is no folder {data}; name the one with the data sets.", file=sys.stderr)
        return 1
    text = "\n".join(
        [
            "# Results of `make evaluate`",
            "",
            "## Reviews: recall foretold before each review (srs-reviews)",
            "",
            *_table(_reviews(data / "srs-reviews"), "model", "reviews", "log-loss", "RMSE(bins)", "AUC", "from fsrs"),
            "",
            "## Knowledge: the next answer foretold, later learners (lkt-cloze)",
            "",
            *_table(_mastery(data / "lkt-cloze"), "model", "answers", "AUC", "log-loss"),
            "",
            "## Readiness: the exam foretold from practice (credential-exam)",
            "",
            *_table(
                _readiness(data / "credential-exam"),
                "candidates",
                "pass mark",
                "Brier",
                "skill",
                "ECE",
                "AUC",
                "coverage",
            ),
            "",
        ]
    )
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "evaluation.md").write_text(text, encoding="utf-8")
    print(text)
    return 0


def _reviews(folder: Path) -> list[tuple[object, ...]]:
    return [
        (one.model, one.reviews, one.log_loss, one.rmse_bins, one.auc, one.largest_difference)
        for one in reviews.evaluate(folder)
    ]


def _mastery(folder: Path) -> list[tuple[object, ...]]:
    return [(one.model, one.answers, one.auc, one.log_loss) for one in mastery.evaluate(folder)]


def _readiness(folder: Path) -> list[tuple[object, ...]]:
    return [
        (
            row.what,
            row.pass_mark,
            row.report.brier,
            row.report.brier_skill,
            row.report.calibration_error,
            row.report.auc,
            row.report.score_coverage,
        )
        for row in readiness.evaluate(folder)
    ]


def _table(rows: list[tuple[object, ...]], *headings: str) -> list[str]:
    lines = [headings, ("---",) * len(headings), *([_cell(value) for value in row] for row in rows)]
    return ["| " + " | ".join(line) + " |" for line in lines]


def _cell(value: object) -> str:
    match value:
        case None:
            return ""
        case float():
            return f"{value:.1e}" if 0 < abs(value) < 1e-4 else f"{value:.4f}"
        case int():
            return f"{value:,}"
    return str(value)


if __name__ == "__main__":
    sys.exit(main())
