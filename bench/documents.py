"""A document that nobody sent before, and one that was, against graphql-core's parse and validate of the same text."""

import gc
from collections.abc import Callable
from time import process_time
from typing import Final

from graphql import parse, validate

from bench.measure import Comparison, Row, Target, in_turns
from bench.questions import COHORT_SCORES, PEER_STANDING, RELATIVE_PERFORMANCE
from bench.workshop import Workshop
from schema.build import build_schema
from server.app import LIST_SIZES
from server.collector import settle
from server.documents import Documents
from server.limits import Limits

TEXTS: Final = (PEER_STANDING, RELATIVE_PERFORMANCE, COHORT_SCORES)
AT_ONCE: Final = 50  # of each text, for one value


async def run(workshop: Workshop) -> list[Row]:
    schema = build_schema()
    documents = Documents(schema, Limits(), list_sizes=LIST_SIZES)
    number = 0

    def fresh(text: str) -> str:
        nonlocal number
        number += 1
        return f"{text}# {number}"

    def checked(text: str) -> None:
        assert not documents.get(fresh(text)).errors

    def seen(text: str) -> None:
        assert not documents.get(text).errors

    def stock(text: str) -> None:
        assert not validate(schema._schema, parse(fresh(text)))

    def timed(check: Callable[[str], None]) -> float:
        for text in TEXTS:
            documents.get(text)
        started = process_time()
        for _ in range(AT_ONCE):
            for text in TEXTS:
                check(text)
        return 1e6 * (process_time() - started) / (AT_ONCE * len(TEXTS))

    async def unseen() -> float:
        return timed(checked)

    async def known() -> float:
        return timed(seen)

    async def baseline() -> float:
        return timed(stock)

    thresholds = gc.get_threshold()
    settle()  # as a server does, for all alike
    try:
        unseen_us, known_us, stock_us = await in_turns(workshop.rounds, unseen, known, baseline)
    finally:
        gc.set_threshold(*thresholds)
        gc.unfreeze()
    compared = "graphql-core's parse and validate"
    return [
        Comparison(
            subject="a document that was never seen: parsed, measured, validated, costed, planned",
            baseline=compared,
            unit="us of CPU",
            values=unseen_us,
            baseline_values=stock_us,
            target=Target(most=1.1),
            note="the mean of three queries; what is planned later, for each selection, is not in it",
        ),
        Comparison(
            subject="a document that was seen before",
            baseline=compared,
            unit="us of CPU",
            values=known_us,
            baseline_values=stock_us,
            target=Target(most=0.01),
            note="a look-up by its text",
        ),
    ]
