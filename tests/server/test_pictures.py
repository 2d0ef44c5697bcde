"""The pictures of the documents are those that their program draws."""

import re
from pathlib import Path

import pytest

from examples.pictures import draw

IMAGES = Path(__file__).parent.parent.parent / "docs/images"


def said(path: Path) -> list[str]:
    """The texts of a picture."""
    return re.findall(r"<text[^>]*>([^<]*)</text>", path.read_text("utf-8"))


@pytest.mark.heavy
def test_the_pictures_of_the_documents_say_what_is_drawn_now(tmp_path: Path) -> None:
    """Texts and not bytes: another version of matplotlib may place them otherwise."""
    draw(tmp_path)
    drawn = sorted(path.name for path in tmp_path.iterdir())
    assert drawn == sorted(path.name for path in IMAGES.glob("*.svg"))
    for name in drawn:
        assert said(tmp_path / name) == said(IMAGES / name), f"{name}: run `make pictures`"
