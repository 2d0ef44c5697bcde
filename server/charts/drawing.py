"""What all pictures have in common: their look, and how they become files."""

import io
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal, TypeAlias

import matplotlib as mpl
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.typing import RcKeyType

Kind: TypeAlias = Literal["png", "svg"]

# Told apart in grey too, and by people who do not see red and green alike.
INK, FAINT_INK, GRID = "#1d2733", "#5b6673", "#dde2e8"
CROWD, CROWD_MIDDLE, CROWD_WIDE = "#2b5c8a", "#a3c3df", "#dbe7f2"
OWN = "#c2410c"

WIDTH = 8.0  # inches, as all measures of a picture
_MARGIN, _LEFT, _RIGHT = 0.14, 0.85, 7.8
_HEADING, _BELOW_HEADING, _LEGEND, _TOP = 0.28, 0.55, 0.68, 1.2  # down from the upper edge
_NOTE, _NOTE_LINE, _BOTTOM = 0.14, 0.16, 0.52  # up from the lower one, below as many lines as the note has
_NOTE_CHARACTERS = 120  # in a line
_DOTS_PER_INCH = 150

_STYLE: dict[RcKeyType, Any] = {
    "font.family": "sans-serif",
    # The first comes with matplotlib and is what is measured; a reader who lacks it has one that is much as wide.
    "font.sans-serif": ["DejaVu Sans", "Verdana"],
    "font.size": 10,
    "axes.edgecolor": GRID,
    "axes.labelcolor": FAINT_INK,
    "text.color": INK,
    "xtick.labelcolor": FAINT_INK,
    "ytick.labelcolor": FAINT_INK,
    "text.parse_math": False,  # a dollar is money here
    # Text stays text, and ids are drawn from a salt of ours, so that the same figures give the same bytes.
    "svg.fonttype": "none",
    "svg.hashsalt": "paceline",
}


@contextmanager
def picture(height: float, heading: str, below: str, note: str) -> Iterator[Figure]:
    """A figure to draw in, with a heading, a line below it, and one at the foot: where the figures are from."""
    lines = textwrap.wrap(note, _NOTE_CHARACTERS)
    bottom = _BOTTOM + _NOTE_LINE * len(lines)
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(WIDTH, height))
        figure.subplots_adjust(
            left=_LEFT / WIDTH, right=_RIGHT / WIDTH, top=1 - _TOP / height, bottom=bottom / height, hspace=0.08
        )
        at = _MARGIN / WIDTH
        figure.text(at, 1 - _HEADING / height, heading, va="center", fontsize=13, fontweight="bold")
        figure.text(at, 1 - _BELOW_HEADING / height, below, va="center", fontsize=9.5, color=FAINT_INK)
        for number, line in enumerate(lines, start=1):
            up = _NOTE + (len(lines) - number) * _NOTE_LINE
            figure.text(at, up / height, line, va="center", fontsize=8, color=FAINT_INK)
        yield figure


def bare(axes: Axes, *, grid: Literal["x", "y"]) -> None:
    """Takes off *axes* all lines but the lower one and those of a grid."""
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.tick_params(length=0)
    axes.grid(axis=grid, color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)


def upright(axes: Axes, text: str) -> None:
    """Says above the upright scale what it counts: beside it, it would have to be read sideways."""
    axes.set_title(text, loc="left", fontsize=9, color=FAINT_INK, pad=5)


def legend(figure: Figure, entries: Sequence[tuple[Artist, str]]) -> None:
    """Says in a row below the headings what is what."""
    figure.legend(
        [artist for artist, _ in entries],
        [text for _, text in entries],
        loc="upper left",
        bbox_to_anchor=(_MARGIN / WIDTH, 1 - _LEGEND / figure.get_figheight()),
        borderaxespad=0,
        columnspacing=1.4,
        fontsize=9,
        frameon=False,
        handlelength=1.4,
        ncols=len(entries),
    )


def encoded(figure: Figure, kind: Kind) -> bytes:
    """The picture as a file; the same picture always as the same bytes."""
    content = io.BytesIO()
    metadata = {"Date": None, "Creator": "Paceline"} if kind == "svg" else {"Software": "Paceline"}
    with mpl.rc_context(_STYLE):
        figure.savefig(content, format=kind, dpi=_DOTS_PER_INCH, metadata=metadata)
    return content.getvalue()
