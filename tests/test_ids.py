"""One spelling of an id."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.ids import canonical_id

ID = "3b5c2a52-1f3e-4c58-9a55-0d6b3e6f9a01"


@given(st.uuids())
def test_canonical_id_keeps_a_canonical_id(learner: UUID) -> None:
    assert canonical_id(str(learner)) == str(learner)


@given(st.uuids())
def test_canonical_id_lowers_upper_case(learner: UUID) -> None:
    assert canonical_id(str(learner).upper()) == str(learner)


@pytest.mark.parametrize(
    "text",
    [
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
    ],
)
def test_canonical_id_refuses_any_other_text(text: str) -> None:
    assert canonical_id(text) is None
