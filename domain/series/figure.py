"""A contributed figure, and what keeps one from being stored."""

from datetime import date
from math import isfinite
from typing import NamedTuple

from domain.events.intake import RejectionCode
from domain.series.choice import CompanySize, Region
from domain.series.industries import industries, industry_named
from domain.series.range import month_of
from domain.series.synthetic import EARLIEST


class UserFigure(NamedTuple):
    """What somebody says of a company for one month.

    contributor_id: a learner's id, or that of an organisation. period: the month's first day.
    """

    contributor_id: str
    by_learner: bool
    industry: str
    company_size: CompanySize
    region: Region
    metric: str
    period: date
    value: float

    @property
    def about(self) -> tuple[object, ...]:
        """Whose it is and of what: of two figures that agree in this the later one counts."""
        return self.contributor_id, self.industry, self.company_size, self.region, self.metric, self.period


class Fault(NamedTuple):
    """Why a figure is not stored: a code for programs, and a sentence that names column, fault and remedy."""

    code: str
    reason: str


def fault_of(figure: UserFigure, today: date) -> Fault | None:
    """What is wrong with *figure* whoever contributes it; None where nothing is. today: in UTC."""
    industry = industry_named(figure.industry)
    if industry is None:
        known = ", ".join(one.name for one in industries())
        return Fault("UNKNOWN_INDUSTRY", f"industry: there is none of this name; choose from {known}.")
    metric = next((metric for metric in industry.metrics if metric.name == figure.metric), None)
    if metric is None:
        known = ", ".join(metric.name for metric in industry.metrics)
        return Fault("UNKNOWN_METRIC", f"metric: {industry.name} has none of this name; choose from {known}.")
    if figure.period > month_of(today):
        return Fault(RejectionCode.IN_FUTURE, "period: it is in the future; give figures of months that have begun.")
    if figure.period < EARLIEST:
        reason = f"period: it is before {EARLIEST.isoformat()}; leave it out."
        return Fault(RejectionCode.TOO_OLD, reason)
    # An infinite value is within a range that has no end.
    if not (isfinite(figure.value) and metric.in_range(figure.value)):
        ends = [(metric.lowest, "from"), (metric.highest, "to")]
        bounds = " ".join(f"{word} {end:g}" for end, word in ends if end is not None) or "that is finite"
        reason = f"value: {metric.name} cannot be {figure.value:g}; give a number {bounds}."
        return Fault(RejectionCode.OUT_OF_RANGE, reason)
    return None
