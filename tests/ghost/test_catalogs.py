"""The translations' check: what it finds wrong, and what `make messages` writes."""

from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import write_po

from checks.messages import CATALOGS, faults, main, placeholders, read, template, write
from domain.ghost import sentences
from domain.ghost.wording import languages

ONE, MANY = "{count} minute", "{count} minutes"
STREAK = "a streak of {days}"


def wanted() -> Catalog:
    catalog = Catalog()
    catalog.add((ONE, MANY))
    catalog.add(STREAK)
    return catalog


def german(**strings: str | tuple[str, ...]) -> Catalog:
    """A whole catalog, or one with other strings."""
    catalog = Catalog(locale="de")
    catalog.add((ONE, MANY), strings.get("minutes", ("{count} Minute", "{count} Minuten")))
    catalog.add(STREAK, strings.get("streak", "eine Serie von {days}"))
    return catalog


def found(catalog: Catalog) -> list[str]:
    return list(faults("de.po", catalog, wanted()))


def test_a_whole_catalog_has_no_faults() -> None:
    assert found(german()) == []


@pytest.mark.parametrize(
    ("strings", "fault"),
    [
        ({"streak": ""}, "de.po: not translated: a streak of {days}"),
        ({"minutes": ("{count} Minute", "")}, "de.po: not translated: {count} minute"),
        ({"minutes": ("{count} Minute",)}, "de.po: not translated: {count} minute"),
        ({"streak": "eine Serie"}, "de.po: other placeholders than those of 'a streak of {days}': eine Serie"),
        (
            {"streak": "{tage} am Stück"},
            "de.po: other placeholders than those of 'a streak of {days}': {tage} am Stück",
        ),
        (
            {"streak": "{days} am Stück}"},
            "de.po: other placeholders than those of 'a streak of {days}': {days} am Stück}",
        ),
        (
            {"minutes": ("eine Minute", "{count} Minuten")},
            "de.po: other placeholders than those of '{count} minutes': eine Minute",
        ),
    ],
    ids=["empty", "empty plural", "plural missing", "lost", "renamed", "broken", "lost in one form"],
)
def test_a_message_that_is_not_wholly_translated_is_named(strings: dict[str, str], fault: str) -> None:
    assert found(german(**strings)) == [fault]


def test_a_message_that_a_catalog_lacks_or_has_too_much_is_named() -> None:
    catalog = german()
    catalog.delete(STREAK)
    catalog.add("gone", "weg")
    assert found(catalog) == ["de.po: missing: a streak of {days}", "de.po: no longer in the code: gone"]


def test_a_guess_is_no_translation() -> None:
    catalog = german()
    message = catalog.get(STREAK)
    assert message is not None
    message.flags.add("fuzzy")
    assert found(catalog) == ["de.po: marked as fuzzy: a streak of {days}"]


def test_placeholders_are_the_names_in_braces() -> None:
    assert placeholders("{theirs} of {yours}, {theirs}: 100 %") == {"theirs", "yours"}


def test_every_text_of_the_code_is_collected_with_its_comment() -> None:
    collected = template()
    texts = [*sentences.SUCCESS.values(), *sentences.COHORT.values(), *sentences.TOP.values()]
    texts += [*sentences.OWN_PAST.values(), sentences.STREAK, sentences.CATCH_UP]
    texts += [sentences.MINUTES_A_DAY, sentences.TASKS_AND_MINUTES]
    counted = [*sentences.THINGS.values(), sentences.MINUTES, sentences.STREAK_OF]
    assert {message.id for message in collected if message.id} == {*texts, *counted}
    streak = collected.get(sentences.STREAK)
    assert streak is not None
    assert streak.auto_comments[0].startswith("{percent}: ")


def test_the_shipped_translations_are_whole(capsys: pytest.CaptureFixture[str]) -> None:
    assert {path.stem for path in CATALOGS.glob("*.po")} == {language for language in languages() if language != "en"}
    assert main([]) == 0
    assert capsys.readouterr().err == ""


def test_a_language_that_is_none_gets_no_catalog(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--write", "klingonese"], tmp_path) == 1
    assert "klingonese is no language" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_new_catalog_waits_for_its_translator(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--write", "pl"], tmp_path) == 0
    catalog = read(tmp_path / "pl.po")
    assert catalog.num_plurals == 3
    assert main([], tmp_path) == 1
    said = capsys.readouterr().err.splitlines()
    assert f"{tmp_path}/pl.po: not translated: {{count}} task" in said
    assert said[-1].startswith("Run `make messages`")
    assert len(said) == len(catalog) + 1


def test_bringing_a_catalog_up_to_the_code_keeps_its_translations_and_guesses_none(tmp_path: Path) -> None:
    path = tmp_path / "de.po"
    with path.open("wb") as lines:
        write_po(lines, german())
    later = wanted()
    later.add("a streak of {days} or more")
    later.delete((ONE, MANY))
    write(path, later)
    once = path.read_bytes()
    write(path, later)
    assert path.read_bytes() == once
    assert [(one.id, one.string) for one in read(path) if one.id] == [
        (STREAK, "eine Serie von {days}"),
        ("a streak of {days} or more", ""),
    ]
