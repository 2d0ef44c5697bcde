"""The picture of a learner among its peers: a box plot above the bars of a release, with the learner's own score."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter

from domain.peers.metric import PeerMetric
from domain.peers.standing import PeerStanding
from domain.privacy.figures import Distribution
from domain.privacy.scale import POINTS
from server.charts.drawing import CROWD, CROWD_MIDDLE, CROWD_WIDE, OWN, bare, legend, picture

_HEIGHT = 4.0  # inches
_BOX, _BARS = (1, 2)  # shares of the height


def box_plot(
    distribution: Distribution, *, objective: str, metric: PeerMetric, standing: PeerStanding | None = None
) -> Figure:
    """Draws *distribution*, the peers' scores in *metric* of the objective of this name.

    standing: whose score is drawn into it; None for nobody's.
    """
    about = f"{metric.capitalize()}, 0-100, of {distribution.sample_size:,} peers"
    made = f"Released on {distribution.calculated_at:%Y-%m-%d}; all figures about peers are read from that one release."
    with picture(_HEIGHT, objective, _below(about, standing), made) as figure:
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(_BOX, _BARS))
        _draw_box(upper, distribution)
        _draw_bars(lower, distribution)
        entries = [
            (Patch(color=CROWD_MIDDLE), "middle half of the peers"),
            (Line2D([], [], color=CROWD, linewidth=2.5), f"median {distribution.median:g}"),
            (Line2D([], [], color=CROWD, marker="D", markersize=5, linestyle=""), f"mean {distribution.mean:.4g}"),
        ]
        if standing is not None:
            for axes, name in ((upper, "own-in-box"), (lower, "own-in-bars")):
                axes.axvline(standing.score, color=OWN, linewidth=2, gid=name)
            entries.append((Line2D([], [], color=OWN, linewidth=2), f"own score {standing.score:.1f}"))
        legend(figure, entries)
        return figure


def _below(about: str, standing: PeerStanding | None) -> str:
    if standing is None:
        return about
    margin = f", give or take {standing.rank_margin:g}" if standing.rank_margin else ""
    return f"{about}; {standing.percentile_rank:.0f}% of them are at or below the own score{margin}"


def _draw_box(axes: Axes, distribution: Distribution) -> None:
    box = {
        "whislo": distribution.whisker_low,
        "q1": distribution.q1,
        "med": distribution.median,
        "q3": distribution.q3,
        "whishi": distribution.whisker_high,
        "mean": distribution.mean,
        "fliers": [],  # an outlier would be somebody
    }
    line = {"color": CROWD, "linewidth": 1.5}
    axes.bxp(
        [box],
        orientation="horizontal",
        widths=0.5,
        showmeans=True,
        patch_artist=True,
        boxprops={"facecolor": CROWD_MIDDLE, "edgecolor": CROWD, "linewidth": 1.5},
        medianprops={"color": CROWD, "linewidth": 2.5},
        meanprops={"marker": "D", "markerfacecolor": CROWD, "markeredgecolor": CROWD, "markersize": 5},
        whiskerprops=line,
        capprops=line,
    )
    bare(axes, grid="x")
    axes.spines["bottom"].set_visible(False)
    axes.set_yticks([])
    axes.tick_params(labelbottom=False)


def _draw_bars(axes: Axes, distribution: Distribution) -> None:
    bars = distribution.histogram
    drawn = axes.bar(
        [bar.from_ for bar in bars],
        [100 * bar.share for bar in bars],
        width=[bar.to - bar.from_ for bar in bars],
        align="edge",
        color=CROWD_WIDE,
        edgecolor=CROWD,
        linewidth=0.8,
    )
    for number, bar in enumerate(drawn, start=1):
        bar.set_gid(f"bar-{number}")
    bare(axes, grid="y")
    axes.set_xlim(POINTS.lowest, POINTS.highest)
    axes.set_xticks(range(0, 101, 10))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}%"))
