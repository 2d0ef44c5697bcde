"""A message in words, in one of the languages that there is a translation for."""

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from gettext import GNUTranslations, NullTranslations
from importlib.resources import files
from typing import assert_never

from babel import negotiate_locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal, format_percent

from domain.ghost import sentences
from domain.ghost.catch_up import CatchUp
from domain.ghost.message import (
    Achievers,
    GhostMessage,
    GhostMessageKind,
    GhostTone,
    PopulationMean,
    PopulationTop,
    StreaksKept,
    WayBack,
    WeekBefore,
)
from domain.ghost.metric import ActivityMetric
from domain.ghost.position import GhostPosition
from domain.ghost.sentences import Counted

ENGLISH = "en"
KEPT_NUMBERS = 10_000  # about 200 bytes each

CATALOGS = files("domain.ghost") / "locale"

# They stand for a tone, not for a language: the same in every translation.
_EMOJI = {
    GhostTone.CELEBRATION: "\N{DIRECT HIT}",
    GhostTone.ENCOURAGING: "\N{THUMBS UP SIGN}",
    GhostTone.MOTIVATING: "\N{FLEXED BICEPS}",
    GhostTone.CHALLENGING: "\N{ROCKET}",
}
_STREAK_EMOJI = "\N{FIRE}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldMessage:
    """A message with its text, as clients get it; the other fields as in GhostMessage."""

    kind: GhostMessageKind
    metric: ActivityMetric
    position: GhostPosition | None
    tone: GhostTone
    yours: float
    theirs: float
    text: str


def told(message: GhostMessage, language: str, *, emoji: bool) -> ToldMessage:
    """*message* with its text."""
    return ToldMessage(
        kind=message.kind,
        metric=message.metric,
        position=message.position,
        tone=message.tone,
        yours=message.yours,
        theirs=message.theirs,
        text=text(message, language, emoji=emoji),
    )


def text(message: GhostMessage, language: str, *, emoji: bool) -> str:
    """*message* in *language*, one of `languages()`; with *emoji* it may end with one, by its tone."""
    said = _Speaker(language).say(message)
    sign = _STREAK_EMOJI if message.kind is GhostMessageKind.STREAK_COMPARISON else _EMOJI.get(message.tone)
    return f"{said} {sign}" if emoji and sign else said


def language_of(wanted: Sequence[str]) -> str:
    """The first of *wanted* (language tags, the best first) that messages come in, else English.

    A language stands for all its regions: "de-AT" is answered in German.
    """
    tags = {tag.lower(): tag for tag in languages()}
    found = negotiate_locale((tag.replace("_", "-") for tag in wanted), tags, sep="-")
    return ENGLISH if found is None else tags[found.lower()]


@lru_cache(maxsize=1)
def languages() -> tuple[str, ...]:
    """The languages that messages come in, as tags, English first: one for each file of locale/."""
    found = [path.name.removesuffix(".po") for path in CATALOGS.iterdir() if path.name.endswith(".po")]
    return ENGLISH, *sorted(name.replace("_", "-") for name in found)


@lru_cache
def _catalog(language: str) -> NullTranslations:
    """The translations of one language, compiled from their text; English is what the code says."""
    if language == ENGLISH:
        return NullTranslations()
    compiled = io.BytesIO()
    name = _locale_name(language)
    with (CATALOGS / f"{name}.po").open("rb") as lines:
        write_mo(compiled, read_po(lines, locale=name, abort_invalid=True))
    compiled.seek(0)
    return GNUTranslations(compiled)


def _locale_name(language: str) -> str:
    """How files and Babel spell a language tag: "pt_BR" for "pt-BR"."""
    return language.replace("-", "_")


# The same few numbers again and again, and making one into text takes longer than all the rest of a sentence.
@lru_cache(maxsize=KEPT_NUMBERS)
def _decimal(value: float, pattern: str, locale: str) -> str:
    return format_decimal(value, format=pattern, locale=locale)


def _position(message: GhostMessage) -> GhostPosition:
    assert message.position is not None, f"{message.kind} has a position"
    return message.position


class _Speaker:
    """Says things in one language."""

    def __init__(self, language: str) -> None:
        self._locale = _locale_name(language)
        self._catalog = _catalog(language)

    def say(self, message: GhostMessage) -> str:
        match message.others:
            case Achievers() as achievers:
                said = self._about_achievers(sentences.SUCCESS[_position(message)], message, achievers)
                # Beyond day 90 the learner's minutes and theirs are of different numbers of days.
                if message.metric is not ActivityMetric.PRACTICE_MINUTES or achievers.own_day != achievers.day:
                    return said
                return f"{said} {self._daily(message, achievers.day)}"
            case WayBack(achievers=achievers, plan=plan):
                return self._about_achievers(sentences.CATCH_UP, message, achievers, plan=self._plan(plan))
            case StreaksKept(target_band=band, percent=percent):
                streak = self._counted(sentences.STREAK_OF, message.theirs)
                facts = {"percent": self._percent(percent), "band": self._band(band)}
                return self._filled(sentences.STREAK, message, theirs=streak, **facts)
            case PopulationMean(population=population):
                return self._filled(sentences.COHORT[population, _position(message)], message)
            case PopulationTop(population=population, percent=percent):
                return self._filled(sentences.TOP[population], message, percent=self._percent(percent))
            case WeekBefore():
                tasks = self._counted(sentences.TASKS, message.yours)
                theirs = self._number(message.theirs)
                return self._filled(sentences.OWN_PAST[_position(message)], message, yours=tasks, theirs=theirs)
            case _:
                assert_never(message.others)

    def _about_achievers(self, sentence: str, message: GhostMessage, achievers: Achievers, **facts: str) -> str:
        return self._filled(
            sentence,
            message,
            day=self._number(achievers.day),
            percent=self._percent(achievers.percent),
            band=self._band(achievers.target_band),
            **facts,
        )

    def _daily(self, message: GhostMessage, days: int) -> str:
        theirs, yours = round(message.theirs / days), round(message.yours / days)
        minutes = self._counted(sentences.MINUTES, theirs)
        return self._filled(sentences.MINUTES_A_DAY, message, theirs=minutes, yours=self._number(yours))

    def _plan(self, plan: CatchUp) -> str:
        tasks = self._counted(sentences.TASKS, plan.tasks_today)
        minutes = self._counted(sentences.MINUTES_OF_PRACTICE, plan.minutes_today)
        if not plan.minutes_today:
            return tasks
        if not plan.tasks_today:
            return minutes
        return self._catalog.gettext(sentences.TASKS_AND_MINUTES).format(tasks=tasks, minutes=minutes)

    def _filled(self, sentence: str, message: GhostMessage, **facts: str) -> str:
        """*sentence*, translated, with both figures of *message*: theirs with what it counts, yours as a number."""
        figures = {
            "theirs": self._counted(sentences.THINGS[message.metric], message.theirs),
            "yours": self._number(message.yours),
        }
        return self._catalog.gettext(sentence).format(**(figures | facts))

    def _counted(self, things: Counted, count: float) -> str:
        """So many *things*. A number with a fraction takes the form of those above one: "0.5 tasks"."""
        shown = round(count, 1)
        form = int(shown) if shown == int(shown) else max(2, math.ceil(shown))
        return self._catalog.ngettext(*things, form).format(count=self._number(count))

    def _number(self, value: float) -> str:
        return _decimal(round(value, 1), "#,##0.#", self._locale)

    def _band(self, band: float) -> str:
        return _decimal(band, "0.0", self._locale)

    def _percent(self, percent: int) -> str:
        return format_percent(percent / 100, locale=self._locale)
