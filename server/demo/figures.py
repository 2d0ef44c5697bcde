"""The demo's contributed figures: what medical practices say of themselves, month by month."""

from datetime import datetime

import numpy as np

from domain.series.choice import CompanySize, Region
from domain.series.industries import models
from domain.series.industry import in_steps, of_steps
from domain.series.range import DEFAULT_MONTHS, month_of, newest_month
from domain.series.scales import expected_median, value_of
from server.demo.ids import ids
from server.demo.rows import NULL, Rows, picked

INDUSTRY = "healthcare"
METRICS = ("revenue_per_employee", "no_show_rate", "patient_wait_time")
COMPANY_SIZE, REGION = CompanySize.MEDIUM, Region.NATIONAL
PRACTICES = 140
# A hundred, from which on outer percentiles are shown, are reached within the year.
_FROM_THE_FIRST_MONTH = 84
_REPORTING = 0.97  # share of those that take part which remember to, each month
# In spreads of the model of the synthetic series: what practices are like for good, in a month, and all of them.
_LASTING, _MONTHLY, _ALL = 0.85, 0.3, 0.2


def figure_rows(name: str, until: datetime, rng: np.random.Generator) -> Rows:
    """user_figures.csv: of the twelve months that were over at *until*."""
    newest = newest_month(until)
    periods = [month_of(newest, back=back) for back in range(DEFAULT_MONTHS - 1, -1, -1)]
    practices = ids(f"practices of {name}", PRACTICES)
    later = np.arange(PRACTICES) - _FROM_THE_FIRST_MONTH
    first_month = np.where(later < 0, 0, later * DEFAULT_MONTHS // (PRACTICES - _FROM_THE_FIRST_MONTH))
    columns: dict[str, list[str]] = {"organisation_id": [], "metric": [], "period": [], "value": []}
    for metric in METRICS:
        model = models().industries[INDUSTRY].metrics[metric]
        step = model.metric.step
        lasting = rng.standard_normal(PRACTICES)
        for place, period in enumerate(periods):
            apart = _ALL + _LASTING * lasting + _MONTHLY * rng.standard_normal(PRACTICES)
            reports = (first_month <= place) & (rng.random(PRACTICES) < _REPORTING)
            scaled = expected_median(model, COMPANY_SIZE, REGION, period) + model.spread * apart
            values = np.array([value_of(model, at) for at in scaled.tolist()])
            steps = np.rint(in_steps(values, step)).tolist()
            who = np.flatnonzero(reports).tolist()
            columns["organisation_id"] += picked(practices, who)
            columns["metric"] += [metric] * len(who)
            columns["period"] += [period.isoformat()] * len(who)
            columns["value"] += [f"{of_steps(steps[one], step):.12g}" for one in who]
    count = len(columns["value"])
    return Rows(
        {
            "learner_id": [NULL] * count,
            "organisation_id": columns["organisation_id"],
            "industry": [INDUSTRY] * count,
            "company_size": [str(COMPANY_SIZE)] * count,
            "region": [str(REGION)] * count,
            "metric": columns["metric"],
            "period": columns["period"],
            "value": columns["value"],
        }
    )
