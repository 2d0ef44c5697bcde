"""One spelling of an id."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.ids import all_canonical, canonical_id

ID = "3b5c2a52-1f3e-4c58-9a55-0d6b3e6f9a01"


@given(st.uuids())
def test_canonical_id_keeps_a_canonical_id(learner: UUID) -> None:
    assert canonical_id(str(learner)) == str(learner)


@given(st.uuids())
def test_canonical_id_lowers_upper_case(learner: UUID) -> None:
    assert canonical_id(str(learner).upper()) == str(learner)


NO_IDS = [
    "",
    "all",
    ID.replace("-", ""),
    f"urn:uuid:{ID}",
    f"{{{ID}}}",
    f" {ID}",
    f"{ID}\n",
    f"{ID}0",
    ID[:-1],
    ID.replace("3b", "3g"),
    ID.replace("3", "\u0663"),
    "TGVhcm5lcjozYjVjMmE1Mi0xZjNlLTRjNTgtOWE1NQ==",
]


@pytest.mark.parametrize("text", NO_IDS)
def test_canonical_id_refuses_any_other_text(text: str) -> None:
    assert canonical_id(text) is None


@given(st.lists(st.uuids()))
def test_ids_in_canonical_spelling_are_all_canonical(ids: list[UUID]) -> None:
    assert all_canonical([str(id_) for id_ in ids])


@pytest.mark.parametrize(
    "text",
    [
        *NO_IDS,
        ID.upper(),
        ID.replace("2a", " a"),
        ID.replace("-", "|"),
        ID.replace("52-1f", "5-21f"),
        f"{ID}|{ID}",
        f"{ID}|{ID[:-1]}",
        f"|{ID[1:]}",
        ID.replace("3", "\ud800"),
    ],
)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_one_other_text_among_them_is_told(text: str, place: int) -> None:
    ids = [ID, ID]
    ids.insert(place, text)
    assert not all_canonical(ids)


@given(st.lists(st.text("0aF-| ", max_size=80), max_size=3))
def test_all_canonical_says_of_many_what_canonical_id_says_of_each(texts: list[str]) -> None:
    assert all_canonical(texts) == all(canonical_id(text) == text for text in texts)
