"""What a comparison comes to, as a sentence or two in English."""

from dataclasses import dataclass
from functools import lru_cache
from math import ceil, log10
from typing import NamedTuple

from domain.series.industry import IndustryMetric


class Finding(NamedTuple):
    """What there is to say.

    verdict: how good it is, in words. percentage: of the benchmark's size, signed; None where that is 0.
    better_than: the share of those compared that is no better, 0-100; with *censored*, the middle of what may be.
    in_range: whether the metric can have such a value at all.
    """

    metric: IndustryMetric
    verdict: str
    yours: float
    theirs: float
    percentage: float | None
    better_than: float
    censored: bool
    in_range: bool


def told(finding: Finding) -> str:
    """The text: how good it is, both figures, which way is better and how many are no better."""
    metric = finding.metric
    yours, theirs = shown(finding.yours, metric), shown(finding.theirs, metric)
    way = "Higher" if metric.higher_is_better else "Lower"
    said = (
        f"{finding.verdict}. {metric.label}: yours, {yours}, is {_against(finding)} the benchmark of {theirs}. "
        f"{way} is better here, so {_standing(finding)}."
    )
    return said if finding.in_range else f"{said} {_doubt(metric)}"


def shown(value: float, metric: IndustryMetric) -> str:
    """A value with its unit, as people write it: "12.5%", "$180,000 a year", "6.8 times a year"."""
    style = _style(metric.unit, metric.step)
    number = f"{abs(value) * style.times:,.{style.decimals}f}"
    return f"{'-' if value < 0 else ''}{style.before}{number}{style.after}"


@dataclass(frozen=True, slots=True)
class _Style:
    """How values of a unit are written: times what, with so many decimals, between what."""

    times: float
    decimals: int
    before: str
    after: str


@lru_cache(maxsize=256)
def _style(unit: str, step: float) -> _Style:
    if _is_share(unit):
        return _Style(100, _decimals(100 * step), "", "%")
    decimals = _decimals(step)
    if unit.startswith("USD"):
        return _Style(1, 2 if decimals else 0, "$", unit.removeprefix("USD"))
    return _Style(1, decimals, "", f" ({unit})" if "," in unit else f" {unit}")


def _against(finding: Finding) -> str:
    """The difference, in percent; of shares in percentage points, since percent of percent misleads."""
    difference = finding.yours - finding.theirs
    if difference == 0:
        return "level with"
    way = "higher than" if difference > 0 else "lower than"
    if _is_share(finding.metric.unit):
        return f"{_at_least_a_tenth(100 * abs(difference), ' percentage points')} {way}"
    if finding.percentage is None:
        return way
    return f"{_at_least_a_tenth(abs(finding.percentage), '%')} {way}"


def _at_least_a_tenth(size: float, unit: str) -> str:
    return f"{size:,.1f}{unit}" if size >= 0.05 else f"less than 0.1{unit}"


def _standing(finding: Finding) -> str:
    better_than = finding.better_than
    if not finding.censored:
        return f"you do better than about {better_than:.0f}% of those compared"
    # A censored rank stands in the middle between the outermost percentile and the end.
    if better_than > 50:
        return f"you do better than {2 * better_than - 100:.0f}% of those compared, or more"
    return f"{100 - 2 * better_than:.0f}% of those compared, or more, do better than you"


def _doubt(metric: IndustryMetric) -> str:
    ends = {"at least": metric.lowest, "at most": metric.highest}
    bounds = [f"{word} {shown(end, metric)}" for word, end in ends.items() if end is not None]
    return f"Check your figure: this metric is {' and '.join(bounds)}."


def _is_share(unit: str) -> bool:
    return unit.startswith("share")


def _decimals(step: float) -> int:
    """How many decimals it takes to tell multiples of *step* apart."""
    return max(0, ceil(round(-log10(step), 9)))
