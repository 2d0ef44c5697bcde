"""Fails when a translation of the ghost's messages is not whole: `python -m checks.messages`.

`--write` brings every catalog up to the sentences of the code, and makes a new one for each language that is named
after it; what is new in them is left for a translator.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

from babel import Locale, UnknownLocaleError
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po, write_po

SENTENCES = Path("domain/ghost/sentences.py")
CATALOGS = Path("domain/ghost/locale")
# What marks a text in the code, and which of its arguments are texts: None for the first alone.
MARKS = {"marked": None, "counted": (1, 2)}
FOR_TRANSLATORS = "Translators:"
LINE = 120


def template(sentences: Path = SENTENCES) -> Catalog:
    """Every message of the code, with the comments for its translators."""
    found = Catalog(charset="utf-8")
    for _, id_, comments, _ in extract_from_file(
        "python", sentences, MARKS, (FOR_TRANSLATORS,), strip_comment_tags=True
    ):
        # Where it stands is left out: line numbers would change the catalogs whenever the code moves.
        found.add(id_, auto_comments=comments)
    return found


def faults(name: str, catalog: Catalog, wanted: Catalog) -> Iterator[str]:
    """What is wrong with the catalog *name*, which is to translate *wanted*."""
    for message in messages(wanted):
        translated = catalog.get(message.id)
        if translated is None:
            yield f"{name}: missing: {message.id}"
        elif translated.fuzzy:
            yield f"{name}: marked as fuzzy: {message.id}"
        else:
            yield from faults_of(name, translated, catalog.num_plurals)
    for message in messages(catalog):
        if message.id not in wanted:
            yield f"{name}: no longer in the code: {message.id}"


def faults_of(name: str, message: Message, plurals: int) -> Iterator[str]:
    """What is wrong with one translation, in a language of so many plural forms."""
    ids, forms = texts(message.id), texts(message.string)
    if len(forms) != (plurals if message.pluralizable else 1) or not all(forms):
        yield f"{name}: not translated: {ids[0]}"
        return
    for form in forms:
        if placeholders(form) != placeholders(ids[-1]):
            yield f"{name}: other placeholders than those of {ids[-1]!r}: {form}"


def texts(said: object) -> list[str]:
    """A message's one text or all of its plural forms; what is missing as an empty text."""
    forms = said if isinstance(said, list | tuple) else (said,)
    return [form if isinstance(form, str) else "" for form in forms]


def placeholders(text: str) -> set[str]:
    """The names in braces; a broken brace is one that no text of ours has."""
    try:
        return {field for _, field, _, _ in Formatter().parse(text) if field is not None}
    except ValueError as error:
        return {str(error)}


def messages(catalog: Catalog) -> list[Message]:
    """The messages of a catalog, without the header."""
    return [message for message in catalog if message.id]


def read(path: Path) -> Catalog:
    with path.open("rb") as lines:
        return read_po(lines, locale=path.stem, abort_invalid=True)


def new(language: str) -> Catalog:
    """An empty catalog, with a header that names nobody: who translated what, the history of the file tells."""
    return Catalog(
        locale=language,
        header_comment=f"# What ghosts say, in {Locale.parse(language).english_name}.",
        project="Paceline",
        version="messages",
        copyright_holder="Paceline",
        msgid_bugs_address="the project's issues",
        last_translator="the project's history",
        language_team="none",
        charset="utf-8",
        fuzzy=False,
    )


def write(path: Path, wanted: Catalog) -> None:
    """Brings one catalog up to *wanted*; guesses nothing."""
    catalog = read(path) if path.exists() else new(path.stem)
    catalog.update(wanted, no_fuzzy_matching=True, update_creation_date=False)
    catalog.obsolete.clear()
    with path.open("wb") as lines:
        write_po(lines, catalog, width=LINE, ignore_obsolete=True)


def main(arguments: list[str], catalogs: Path = CATALOGS) -> int:
    wanted = template()
    if arguments[:1] == ["--write"]:
        for language in arguments[1:]:
            try:
                Locale.parse(language)
            except (ValueError, UnknownLocaleError) as error:
                print(f"{language} is no language that Babel knows: {error}", file=sys.stderr)
                return 1
        for path in {*catalogs.glob("*.po"), *(catalogs / f"{language}.po" for language in arguments[1:])}:
            write(path, wanted)
        return 0
    found = [fault for path in sorted(catalogs.glob("*.po")) for fault in faults(str(path), read(path), wanted)]
    for fault in found:
        print(fault, file=sys.stderr)
    if found:
        print("Run `make messages`, then translate what is empty in the catalogs (docs/ghosts.md).", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
