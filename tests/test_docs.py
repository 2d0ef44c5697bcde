"""What the documents say is so: examples run, queries answer, links lead somewhere."""

import doctest
import re
from datetime import timedelta
from pathlib import Path

import pytest

from tests.builders import NOW, add_learners, add_objectives, answer, release, spread
from tests.client import serving

ROOT = Path(__file__).parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])

_LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#\s]+)")
_QUERY = re.compile(r"```graphql\n(.*?)```", re.DOTALL)


def test_every_formula_example_gives_what_it_says() -> None:
    failed, tried = doctest.testfile(str(ROOT / "docs/formulas.md"), module_relative=False)
    assert tried > 0
    assert failed == 0


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_to_a_file_leads_to_one(path: Path) -> None:
    missing = [link for link in _LINK.findall(path.read_text("utf-8")) if not (path.parent / link).exists()]
    assert missing == []


@pytest.mark.anyio
async def test_the_queries_of_the_readme_answer(database_url: str) -> None:
    queries = _QUERY.findall((ROOT / "README.md").read_text("utf-8"))
    assert queries
    async with serving(database_url) as served:
        learners = await add_learners(served.database, [f"reader {number}" for number in range(60)])
        [objective] = await add_objectives(served.database, ["Cardiac cycle"])
        await answer(served.database, learners, objective, spread(60))
        await release(served.database)
        for query in queries:
            asked = {"objective": objective, "exam": (NOW + timedelta(days=20)).date().isoformat()}
            variables = {name: value for name, value in asked.items() if f"${name}:" in query}
            shown = (await served.learner(learners[30]).data(query, variables))["viewer"]
            assert all(value is not None for value in shown.values())
            if "peerStanding" in shown:
                assert shown["peerStanding"]["percentileRank"] > 0
