"""Learners and cohorts as values."""

from dataclasses import dataclass
from datetime import datetime

from domain.learners.comparison import ComparisonMode


@dataclass(frozen=True, slots=True, kw_only=True)
class Learner:
    """Somebody who learns, as the platform knows it.

    display_name: None where the platform gave none. time_zone: an IANA name.
    diagnostic_score, target_band: on the scale of bands, as the platform knows them. cohort_excluded: left out of its
    cohort's figures.
    """

    id: str
    display_name: str | None
    joined_at: datetime
    shares_data: bool
    active: bool
    cohort_id: str | None
    time_zone: str
    cohort_excluded: bool
    diagnostic_score: float | None
    target_band: float | None
    comparison_mode: ComparisonMode

    @property
    def contributes(self) -> bool:
        """Whether its figures may enter peers' releases."""
        return self.shares_data and self.active


@dataclass(frozen=True, slots=True, kw_only=True)
class Cohort:
    """Learners who are taught together."""

    id: str
    name: str
