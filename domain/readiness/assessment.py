"""What a learner is told about its exam."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Self

from domain.catalog.topic import Topic
from domain.distribution import Floats
from domain.readiness.features import Features, Integers
from domain.readiness.model import ReadinessModel
from domain.readiness.report import ReadinessReport, ReliabilityBin
from domain.readiness.sections import (
    SectionReadiness,
    mean_mastery,
    projected_days_to_ready,
    topic_coverage,
    weak_sections,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExamReadiness:
    """How an exam today would go.

    readiness: 0-100. predicted_score: on the exam's scale. pass_probability and its 95 % interval, topic_coverage:
    0-1. projected_days_to_ready: None where the learner's pace leads nowhere.
    """

    readiness: float
    predicted_score: float
    pass_probability: float
    pass_probability_low: float
    pass_probability_high: float
    topic_coverage: float
    weak_sections: Sequence[SectionReadiness]
    projected_days_to_ready: float | None
    model_version: str


def assess(
    model: ReadinessModel,
    features: Features,
    *,
    topics: Sequence[Topic],
    mastery: Mapping[str, float],
    pace_days: Integers,
    pace_figures: Floats,
) -> ExamReadiness:
    """What *model* expects of the one learner with these features, and what there is to do.

    topics: the whole curriculum. mastery: score, 0-1, by topic studied. pace_days, pace_figures: as
    `projected_days_to_ready` takes them.
    """
    expected = model.predict(features.matrix())
    return ExamReadiness(
        readiness=float(expected.readiness[0]),
        predicted_score=float(expected.score[0]),
        pass_probability=float(expected.pass_probability[0]),
        pass_probability_low=float(expected.pass_low[0]),
        pass_probability_high=float(expected.pass_high[0]),
        topic_coverage=topic_coverage(topics, mastery),
        weak_sections=weak_sections(topics, mastery),
        projected_days_to_ready=projected_days_to_ready(pace_days, pace_figures, mean_mastery(topics, mastery)),
        model_version=model.version,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationBin:
    """People whose predictions lie between two, 0-1; predicted: their mean, observed: who passed."""

    from_: float
    to: float
    predicted: float
    observed: float
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedReport:
    """A model's report as staff reads it.

    results: how many it was trained on. The other figures are of its twin, trained without the latest fifth, on that:
    as ReadinessReport has them. bins: as calibration_bins has them.
    """

    trained_at: datetime
    model_version: str
    results: int
    brier: float
    brier_skill: float
    ece: float
    coverage: float
    auc: float | None
    bins: Sequence[CalibrationBin]

    @classmethod
    def of(cls, trained_at: datetime, version: str, report: ReadinessReport, fewest: int) -> Self:
        """The report on the model with this version; fewest: people in a bin."""
        return cls(
            trained_at=trained_at,
            model_version=version,
            results=report.trained_on + report.judged_on,
            brier=report.brier,
            brier_skill=report.brier_skill,
            ece=report.calibration_error,
            coverage=report.score_coverage,
            auc=report.auc,
            bins=calibration_bins(report.bins, fewest),
        )


def calibration_bins(bins: Sequence[ReliabilityBin], fewest: int) -> list[CalibrationBin]:
    """*bins*, which rise, put together until each holds *fewest* people at least; none where all of them do not.

    The first begins at 0 and the last ends at 1; between two, the edge is half way from one's people to the other's.
    So no figure is anybody's own, and no share is one of a handful whose results could be told from it.
    """
    groups: list[list[ReliabilityBin]] = [[]]
    for one in bins:
        if _people(groups[-1]) >= fewest:
            groups.append([])
        groups[-1].append(one)
    if len(groups) > 1 and _people(groups[-1]) < fewest:
        last = groups.pop()
        groups[-1] += last
    if _people(groups[-1]) < fewest:
        return []
    edges = [0.0, *((left[-1].high + right[0].low) / 2 for left, right in pairwise(groups)), 1.0]
    return [
        CalibrationBin(
            from_=low,
            to=high,
            predicted=sum(one.people * one.predicted for one in group) / _people(group),
            observed=sum(one.people * one.observed for one in group) / _people(group),
            count=_people(group),
        )
        for group, (low, high) in zip(groups, pairwise(edges), strict=True)
    ]


def _people(bins: Sequence[ReliabilityBin]) -> int:
    return sum(one.people for one in bins)
