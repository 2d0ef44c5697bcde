"""What docs/scaling.md says of spreading tables over machines is true of the tables: all of them, and their keys."""

import re
from functools import cache
from pathlib import Path

import pytest
from sqlalchemy import Table, UniqueConstraint

from domain.tables import METADATA

SCALING = Path(__file__).parents[2] / "docs" / "scaling.md"
BY_LEARNER = "by `learner_id`"
BY_ITS_ID = "by `id`"
BY_EVENT = "by `event_id`"
BY_CONTRIBUTOR = "by `contributor_id`"
EVERYWHERE = "a copy on each node"
IN_ONE_PLACE = "on one node"
KEYS = {BY_LEARNER: "learner_id", BY_ITS_ID: "id", BY_EVENT: "event_id", BY_CONTRIBUTOR: "contributor_id"}


@cache
def places() -> dict[str, str]:
    """Where the document has each table be."""
    found: dict[str, str] = {}
    for where, tables in re.findall(r"^\| ([^|]+) \| ((?:`\w+`(?:, )?)+) \|", SCALING.read_text("utf-8"), re.MULTILINE):
        for name in re.findall(r"`(\w+)`", tables):
            assert name not in found, f"{name} stands there twice"
            found[name] = where
    return found


def placed(*where: str) -> list[Table]:
    return [METADATA.tables[name] for name, place in places().items() if place in where]


def test_every_table_has_its_place() -> None:
    assert set(places()) == set(METADATA.tables)
    assert set(places().values()) == {*KEYS, EVERYWHERE, IN_ONE_PLACE}


@pytest.mark.parametrize("table", placed(*KEYS), ids=str)
def test_a_table_that_is_spread_has_its_column_first_in_its_key_and_in_all_that_is_unique(table: Table) -> None:
    column = KEYS[places()[table.name]]
    assert next(iter(table.primary_key)).name == column
    for constraint in table.constraints:
        if isinstance(constraint, UniqueConstraint):
            assert column in constraint.columns
    for index in table.indexes:
        assert not index.unique or column in index.columns


@pytest.mark.parametrize("table", placed(*KEYS), ids=str)
def test_a_table_that_is_spread_refers_to_none_but_what_is_beside_it(table: Table) -> None:
    for key in table.foreign_keys:
        assert places()[key.column.table.name] == EVERYWHERE


@pytest.mark.parametrize("table", placed(EVERYWHERE), ids=str)
def test_what_is_copied_everywhere_is_about_no_learner(table: Table) -> None:
    assert not {"learner_id", "event_id", "contributor_id"} & set(table.columns.keys())
    assert {places()[key.column.table.name] for key in table.foreign_keys} <= {EVERYWHERE}
