"""The demo's learners: who they are, when they joined, what they consented to, and which bands they are after."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib import resources

import msgspec
import numpy as np
from numpy.typing import NDArray

from domain.distribution import Floats
from domain.ghost.band import DEFAULT_TARGET, STARTS, TARGETS
from server.demo.ids import ids
from server.demo.rows import NULL, Rows, decimals, flags, instants, picked

DAY_SECONDS = 86_400
HOUR_SECONDS = 3_600

SHARING = 0.85  # share of learners who consented
ACTIVE = 0.96
COHORT_EXCLUDED = 0.02
DIAGNOSED = 0.94  # share who sat the diagnostic test

WITHOUT_COHORT = 8  # beside the cohorts' own shares
NO_COHORT = -1

# A cohort's learners join within three weeks of its start, at hours when an office is open.
_JOINING_DAYS = 20
_OPEN_HOURS = (9, 18)
# The last learner joined this morning and has not begun.
_NEWCOMER_HOURS = 5

_TARGET_SHARES = (4, 4, 2)
# Who prepares at the same time is mostly after the same band from much the same start: a crowd to be compared with.
_TARGET_SHARES_OF_PREPARING = (2, 16, 2)
MOST_FREQUENT_START = 6.0
_START_SHARES_OF_PREPARING, _START_SHARES_OF_ALUMNI = (1, 4, 14, 1), (1, 10, 12, 1)
_TENTHS_OF_A_START = 5  # from one half band up to the next
# By then a learner has sat the final examination.
_FINAL_AFTER_DAYS = 300
# What alumni made of their start, in bands: more with more ability, which is also what they practised with.
_GAIN_AT_55, _GAIN_PER_BAND, _GAIN_PER_ABILITY, _GAIN_BY_CHANCE = 1.7, -0.1, 0.35, 0.28

# Of twenty who prepare, how many have rested for so many days.
_RESTED_DAYS = (0, 3, 5, 8, 11)
_RESTED_OF_20 = (16, 1, 1, 1, 1)
IDLE_DAYS = 5
# Of a learner's own day: a streak is at risk from the first, and the second is the last even with daylight saving.
EVENING_HOUR, _LAST_HOUR = 18, 22


class Stage(StrEnum):
    """Where the learners of a cohort are.

    STUDYING: taking the course. PREPARING: the same, and for the language examination, with practice tasks.
    ALUMNI: the language examination is behind them; they came for nothing else.
    """

    STUDYING = "studying"
    PREPARING = "preparing"
    ALUMNI = "alumni"


class CohortEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A cohort of people.toml; share: of learners, relative to the others."""

    name: str
    share: int
    started_days_ago: int
    stage: Stage = Stage.STUDYING


class ZoneEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A time zone; offset_minutes: of its standard time, east of UTC."""

    name: str
    share: int
    offset_minutes: int


class Directory(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What people.toml offers to choose from; cohorts from the oldest to the newest."""

    given_names: tuple[str, ...]
    family_names: tuple[str, ...]
    cohorts: tuple[CohortEntry, ...]
    zones: tuple[ZoneEntry, ...]

    @classmethod
    def read(cls) -> "Directory":
        return msgspec.toml.decode(resources.files("server.demo").joinpath("people.toml").read_bytes(), type=cls)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class People:
    """Learners as columns, each of shape (n,).

    cohort: place in the directory, NO_COHORT for none. joined: seconds since 1970. offset: of their zone, in seconds.
    preparing, alumni: the stage of their cohort. studied_until: after which they did nothing, in seconds since 1970.
    ability: standard normal; what the responses, the tasks and the bands have in common.
    at_risk: place of one who has studied every day but today, and whose evening it is. idle: of one who rests.
    """

    ids: Sequence[str]
    names: Sequence[str]
    cohort: NDArray[np.int64]
    excluded: NDArray[np.bool_]
    joined: NDArray[np.int64]
    preparing: NDArray[np.bool_]
    alumni: NDArray[np.bool_]
    studied_until: NDArray[np.int64]
    shares: NDArray[np.bool_]
    active: NDArray[np.bool_]
    zone: NDArray[np.int64]
    offset: NDArray[np.int64]
    ability: Floats
    diagnostic: Floats
    diagnosed: NDArray[np.bool_]
    target: Floats
    final: Floats
    finished: NDArray[np.bool_]
    at_risk: int
    idle: int

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def compared(self) -> NDArray[np.bool_]:
        """Who is compared with the largest group of achievers."""
        return _compared(self.diagnostic, self.diagnosed, self.target)

    @property
    def eligible(self) -> NDArray[np.bool_]:
        """Whose figures may enter releases."""
        return self.shares & self.active

    @property
    def seniority(self) -> NDArray[np.int64]:
        """Places of the learners, from the one who joined first."""
        return np.argsort(self.joined, kind="stable")


def people(directory: Directory, name: str, count: int, until: int, rng: np.random.Generator) -> People:
    """*count* learners who joined in the eighteen months before *until* (seconds since 1970).

    name: of the whole, which their ids come from. The last one joined hours ago; cohort, consent and activity have
    their shares to within one learner, whatever the chance.
    """
    cohort = _shared_out([entry.share for entry in directory.cohorts] + [WITHOUT_COHORT], count, rng)
    cohort[-1] = len(directory.cohorts) - 1
    zone = _shared_out([entry.share for entry in directory.zones], count, rng)
    offset = np.array([entry.offset_minutes * 60 for entry in directory.zones])[zone]
    joined = _joined(directory, cohort, offset, until, rng)
    cohort[cohort == len(directory.cohorts)] = NO_COHORT

    preparing, alumni = (_at_stage(directory, cohort, stage) for stage in (Stage.PREPARING, Stage.ALUMNI))
    active = _some(ACTIVE, count, rng)
    shares = _some(SHARING, count, rng)
    active[-1] = shares[-1] = True
    excluded = ~_some(1 - COHORT_EXCLUDED, count, rng)
    diagnosed = _some(DIAGNOSED, count, rng) | alumni
    ability = rng.standard_normal(count)
    finished = active & (alumni | (until - joined > _FINAL_AFTER_DAYS * DAY_SECONDS))
    diagnostic, target, final = _bands(ability, preparing, alumni, rng)

    largest = np.argmax(np.bincount(cohort[cohort != NO_COHORT]))
    compared = preparing & shares & active & ~excluded & _compared(diagnostic, diagnosed, target)
    at_risk, idle = np.nonzero(compared & (cohort != largest))[0][:2].tolist()
    zone[at_risk] = _zone_with_evening(directory, until)
    offset[at_risk] = directory.zones[zone[at_risk]].offset_minutes * 60
    rested_days = np.where(preparing, np.array(_RESTED_DAYS)[_shared_out(_RESTED_OF_20, count, rng)], 0)
    rested_days[[at_risk, idle]] = 0, IDLE_DAYS
    studied_until = np.where(active, until - rested_days * DAY_SECONDS, (joined + until) // 2)
    midnight = (until + offset[at_risk]) // DAY_SECONDS * DAY_SECONDS - offset[at_risk]
    studied_until[at_risk] = midnight - HOUR_SECONDS  # which daylight saving may have added
    studied_until[-1] = joined[-1]
    return People(
        ids=ids(f"learners of {name}", count),
        names=_names(directory, count, rng),
        cohort=cohort,
        excluded=excluded,
        joined=joined,
        preparing=preparing,
        alumni=alumni,
        studied_until=studied_until,
        shares=shares,
        active=active,
        zone=zone,
        offset=offset,
        ability=ability,
        diagnostic=diagnostic,
        diagnosed=diagnosed,
        target=target,
        final=final,
        finished=finished,
        at_risk=at_risk,
        idle=idle,
    )


def cohort_ids(directory: Directory, name: str) -> list[str]:
    """The ids of the directory's cohorts."""
    return ids(f"cohorts of {name}", len(directory.cohorts))


def cohort_rows(directory: Directory, name: str) -> Rows:
    """cohorts.csv."""
    return Rows({"id": cohort_ids(directory, name), "name": [entry.name for entry in directory.cohorts]})


def learner_rows(directory: Directory, name: str, learners: People) -> Rows:
    """learners.csv."""
    always = np.ones(len(learners), dtype=np.bool_)
    return Rows(
        {
            "id": learners.ids,
            "display_name": learners.names,
            "joined_at": instants(learners.joined),
            "shares_data": flags(learners.shares),
            "active": flags(learners.active),
            # NO_COHORT is -1, and so picks the last.
            "cohort_id": picked([*cohort_ids(directory, name), NULL], learners.cohort.tolist()),
            "cohort_excluded": flags(learners.excluded),
            "time_zone": picked([entry.name for entry in directory.zones], learners.zone.tolist()),
            "diagnostic_score": decimals(learners.diagnostic, learners.diagnosed),
            "target_band": decimals(learners.target, always),
            "final_band": decimals(learners.final, learners.finished),
        }
    )


def _joined(
    directory: Directory, cohort: NDArray[np.int64], offset: NDArray[np.int64], until: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    started_days_ago = np.array([entry.started_days_ago for entry in directory.cohorts])
    # Learners without a cohort come at any time that some cohort did.
    alone = rng.integers(started_days_ago.min(), started_days_ago.max(), size=cohort.size)
    days_ago = np.where(cohort < len(directory.cohorts), np.append(started_days_ago, 0)[cohort], alone)
    days_ago -= rng.integers(0, _JOINING_DAYS, size=cohort.size)
    own_day = (until + offset) // DAY_SECONDS - days_ago
    own_second = rng.integers(_OPEN_HOURS[0] * HOUR_SECONDS, _OPEN_HOURS[1] * HOUR_SECONDS, size=cohort.size)
    joined: NDArray[np.int64] = own_day * DAY_SECONDS + own_second - offset
    joined[-1] = until - _NEWCOMER_HOURS * HOUR_SECONDS
    return joined


def _compared(diagnostic: Floats, diagnosed: NDArray[np.bool_], target: Floats) -> NDArray[np.bool_]:
    from_start = (diagnostic >= MOST_FREQUENT_START) & (diagnostic < MOST_FREQUENT_START + 0.5)
    compared: NDArray[np.bool_] = from_start & diagnosed & (target == DEFAULT_TARGET)
    return compared


def _at_stage(directory: Directory, cohort: NDArray[np.int64], stage: Stage) -> NDArray[np.bool_]:
    # NO_COHORT is -1, and so picks the last.
    return np.array([*(entry.stage is stage for entry in directory.cohorts), False])[cohort]


def _bands(
    ability: Floats, preparing: NDArray[np.bool_], alumni: NDArray[np.bool_], rng: np.random.Generator
) -> tuple[Floats, Floats, Floats]:
    """Diagnostic scores, target bands and final bands."""
    count = ability.size
    diagnostic = np.clip(5.8 + 0.45 * ability + 0.3 * rng.standard_normal(count), 4.0, 7.5)
    final = 7.1 + 0.5 * ability + 0.35 * rng.standard_normal(count)
    target = np.array(TARGETS)[_shared_out(_TARGET_SHARES, count, rng)]

    above = rng.integers(0, _TENTHS_OF_A_START, count) / 10
    for chosen, shares in ((preparing, _START_SHARES_OF_PREPARING), (alumni, _START_SHARES_OF_ALUMNI)):
        start = np.array(STARTS)[_shared_out(shares, int(chosen.sum()), rng)]
        diagnostic[chosen] = start + above[chosen]
    target_of_preparing = _shared_out(_TARGET_SHARES_OF_PREPARING, int(preparing.sum()), rng)
    target[preparing] = np.array(TARGETS)[target_of_preparing]
    gain = (
        _GAIN_AT_55
        + _GAIN_PER_BAND * (diagnostic - above - 5.5)
        + _GAIN_PER_ABILITY * ability
        + _GAIN_BY_CHANCE * rng.standard_normal(count)
    )
    final[alumni] = (diagnostic - above + gain)[alumni]
    return diagnostic, target, _half_bands(np.clip(final, 5.0, 9.0))


def _zone_with_evening(directory: Directory, until: int) -> int:
    """The place of the first zone in whose day it is evening; there always is one, wherever the sun stands."""
    hours = [(until + entry.offset_minutes * 60) % DAY_SECONDS // HOUR_SECONDS for entry in directory.zones]
    return next(place for place, hour in enumerate(hours) if EVENING_HOUR <= hour <= _LAST_HOUR)


def _names(directory: Directory, count: int, rng: np.random.Generator) -> list[str]:
    given = rng.integers(len(directory.given_names), size=count).tolist()
    family = rng.integers(len(directory.family_names), size=count).tolist()
    return [
        f"{directory.given_names[first]} {directory.family_names[last]}"
        for first, last in zip(given, family, strict=True)
    ]


def _shared_out(shares: Sequence[int], count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """A place for each of *count*, so that each place has its share to within one, in random order."""
    ends = np.cumsum(shares) / sum(shares)
    return rng.permutation(np.searchsorted(ends, (np.arange(count) + 0.5) / count, side="right"))


def _some(share: float, count: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    return rng.permutation(count) < round(share * count)


def _half_bands(values: Floats) -> Floats:
    return np.floor(values * 2 + 0.5) / 2
