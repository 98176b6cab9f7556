"""The book's figures: one style, one color an idea, right on light and dark pages.

A figure is shown as inline SVG whose colors are CSS variables, so the page that holds it decides
between light and dark. A PNG goes along for readers that drop inline SVG.
"""

from __future__ import annotations

import base64
import hashlib
import html
import io
import itertools
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any, Protocol

import imageio_ffmpeg
import matplotlib as mpl
import numpy as np
from cycler import cycler
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from ddpg_lib.stats import bootstrap_interval, iqm

COLORS = {
    "actor": "#0072b2",
    "critic": "#d55e00",
    "replay": "#009e73",
    "target": "#aa4499",
    "noise": "#b8860b",
    "muted": "#7a7f87",
    "ink": "#1b1f24",
    "grid": "#d9dce1",
}
"""One color an idea, everywhere in the book. The optimum, and all that is exact, is ink."""

_FONT = "Source Sans 3"


def use_house_style() -> None:
    """Set Matplotlib's defaults to the book's style, for all figures made afterwards."""
    fonts = resources.files("ddpg_lib") / "data" / "fonts"
    with resources.as_file(fonts) as folder:
        for path in sorted(Path(folder).glob("*.ttf")):
            font_manager.fontManager.addfont(path)
    ink, grid = COLORS["ink"], COLORS["grid"]
    ideas = [COLORS[name] for name in ("actor", "critic", "replay", "target", "noise", "muted")]
    mpl.rcParams.update(
        {
            "figure.figsize": (5.6, 3.3),
            "figure.dpi": 110,
            "figure.constrained_layout.use": True,
            "font.family": [_FONT, "DejaVu Sans"],
            "font.size": 11,
            "mathtext.fontset": "stix",
            "axes.titlesize": 12,
            "axes.titlelocation": "left",
            "axes.labelcolor": ink,
            "axes.edgecolor": ink,
            "axes.linewidth": 0.8,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
            "axes.axisbelow": True,
            "axes.prop_cycle": cycler(color=ideas),
            "grid.color": grid,
            "grid.linewidth": 0.7,
            "text.color": ink,
            "xtick.color": ink,
            "ytick.color": ink,
            "xtick.major.width": 0.8,
            "ytick.major.width": 0.8,
            "lines.linewidth": 2.0,
            "lines.solid_capstyle": "round",
            "legend.frameon": False,
            "image.cmap": "viridis",
            "svg.fonttype": "path",
        }
    )


def to_svg(figure: Figure, alt: str) -> str:
    """Inline SVG of a figure, with the book's colors as CSS variables.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    alt : str
        What the figure shows, for readers who cannot see it.

    Returns
    -------
    str
        One ``<svg>`` element. Where a page sets no variables, the light colors hold; ink falls
        back to the color of the surrounding text.
    """
    buffer = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": "ddpg"}):
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", svg, flags=re.DOTALL)
    # Ids must differ between the figures of a page.
    mark = "f" + hashlib.sha256(svg.encode()).hexdigest()[:8]
    svg = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{mark}-", svg)
    for name, color in COLORS.items():
        fallback = "currentColor" if name == "ink" else color
        svg = svg.replace(color, f"var(--ddpg-{name}, {fallback})")
    label = html.escape(alt, quote=True)
    return svg.replace("<svg", f'<svg role="img" aria-label="{label}"', 1).strip()


def to_html(figure: Figure, alt: str, caption: str = "") -> str:
    """A figure as a page of the book holds it.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    alt, caption : str
        As for :func:`show`.

    Returns
    -------
    str
        One ``<figure>`` element.
    """
    scroll = f'<div class="ddpg-figure-scroll">{to_svg(figure, alt)}</div>'
    return _figure_element("ddpg-figure", scroll, caption)


def show(figure: Figure, alt: str, caption: str = "") -> None:
    """Display a figure in a notebook, with its alternative text and caption, and close it.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    alt : str
        What the figure shows, for readers who cannot see it. Required.
    caption : str
        Printed below. Names the number of agents and the interval where there are any.

    Raises
    ------
    ValueError
        If ``alt`` is empty.
    """
    from IPython.display import display
    from matplotlib import pyplot as plt

    if not alt.strip():
        raise ValueError("alt must say what the figure shows, for readers who cannot see it")
    png = io.BytesIO()
    figure.savefig(png, format="png", facecolor="white")
    bundle = {
        "text/html": to_html(figure, alt, caption),
        "image/png": base64.b64encode(png.getvalue()).decode(),
        "text/plain": alt,
    }
    display(bundle, raw=True)
    plt.close(figure)


class Curves(Protocol):
    """What has learning curves: a :class:`ddpg_lib.records.Run` or ``Record``."""

    @property
    def steps(self) -> Any:
        """Environment steps of each agent at each evaluation, ``(evaluations,)``."""

    @property
    def curves(self) -> Any:
        """Each agent's mean evaluation return, ``(n, evaluations)``."""


def learning_curves(
    runs: Curves | Mapping[str, Curves],
    *,
    optimum: float | None = None,
    ax: Axes | None = None,
    level: float = 0.95,
) -> Figure:
    """Learning curves of one stack or of several: every agent, and what is typical of them.

    Thin lines are the agents' mean evaluation returns, the thick line their interquartile mean,
    the band its bootstrap interval over agents, pointwise.

    Parameters
    ----------
    runs : Run, Record, or mapping of str to these
        With a mapping, its keys are the labels.
    optimum : float, optional
        Mean return of the optimal policy on the same starts, drawn as a line.
    ax : matplotlib Axes, optional
        Where to draw; a new figure without it.
    level : float
        Of the interval.

    Returns
    -------
    matplotlib.figure.Figure
    """
    from matplotlib import pyplot as plt

    if ax is None:
        use_house_style()
        _, ax = plt.subplots()
    labelled: dict[str, Curves] = dict(runs) if isinstance(runs, Mapping) else {"": runs}
    for number, (label, run) in enumerate(labelled.items()):
        draw_stack(ax, run.steps, run.curves, label=label, color=f"C{number}", level=level)
    if optimum is not None:
        ax.axhline(optimum, color=COLORS["ink"], linewidth=1, linestyle=(0, (4, 2)))
        ax.annotate("optimum", (1, optimum), (0, 3), ha="right", **_on_axis())
    ax.set_xlabel("environment steps of each agent")
    ax.set_ylabel("return of an episode, without noise")
    ax.xaxis.set_major_formatter(mpl.ticker.StrMethodFormatter("{x:,.0f}"))
    if len(labelled) > 1:
        ax.legend()
    figure = ax.figure
    assert isinstance(figure, Figure)
    return figure


def draw_stack(
    ax: Axes,
    x: ArrayLike,
    curves: ArrayLike,
    *,
    label: str = "",
    color: str = COLORS["actor"],
    level: float = 0.95,
) -> None:
    """Draw one curve for each agent thin, their interquartile mean thick, its interval as a band.

    Parameters
    ----------
    ax : matplotlib Axes
    x : array_like, shape (points,)
    curves : array_like, shape (n, points)
        One row an agent.
    label : str
        Of the thick line.
    color : str
    level : float
        Of the bootstrap interval over agents.
    """
    values = np.asarray(curves, float)
    x = np.asarray(x, float)
    if len(values) == 1:
        ax.plot(x, values[0], color=color, label=label)
    else:
        ax.plot(x, values.T, color=color, linewidth=0.8, alpha=0.45)
        ax.plot(x, iqm(values, axis=0), color=color, label=label)
        low, high = bootstrap_interval(values, axis=0, level=level)
        ax.fill_between(x, low, high, color=color, alpha=0.2, linewidth=0)


def film(
    frames: Iterable[NDArray[np.uint8]],
    fps: float,
    alt: str,
    caption: str = "",
    *,
    show: bool = True,
) -> bytes:
    """Encode frames as an MP4 film (H.264) and play it in the notebook, without any network.

    Parameters
    ----------
    frames : iterable of array, shape (height, width, 3)
        RGB, all of one size with even sides.
    fps : float
        Frames a second.
    alt, caption : str
        As for :func:`show`.
    show : bool
        Whether to display it.

    Returns
    -------
    bytes
        The file's content.

    Raises
    ------
    ValueError
        If there is no frame, or its sides are not even.
    """
    iterator = iter(frames)
    first = next(iterator, None)
    if first is None:
        raise ValueError("a film needs at least one frame")
    height, width = first.shape[:2]
    if height % 2 or width % 2:
        raise ValueError(f"a film's sides must be even, got {width} x {height} pixels")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "film.mp4"
        writer = imageio_ffmpeg.write_frames(
            str(path),
            (width, height),
            fps=fps,
            codec="libx264",
            quality=None,
            output_params=["-crf", "27", "-preset", "slow", "-movflags", "+faststart"],
            macro_block_size=2,
            ffmpeg_log_level="error",
        )
        writer.send(None)
        writer.send(np.ascontiguousarray(first))
        for frame in iterator:
            writer.send(np.ascontiguousarray(frame))
        writer.close()
        data = path.read_bytes()
    if show:
        from IPython.display import HTML, display

        source = "data:video/mp4;base64," + base64.b64encode(data).decode()
        label = html.escape(alt, quote=True)
        video = (
            f'<video controls loop muted playsinline preload="metadata" width="{width}" '
            f'style="max-width: 100%; height: auto" aria-label="{label}" src="{source}"></video>'
        )
        display(HTML(_figure_element("ddpg-film", video, caption)))
    return data


def side_by_side(
    scenes: Sequence[Iterable[NDArray[np.uint8]]], shrink: int = 2, every: int = 1
) -> Iterator[NDArray[np.uint8]]:
    """Frames of several films as one strip; a film that ends first stands still, faded.

    Parameters
    ----------
    scenes : sequence of iterable of array, shape (height, width, 3)
        RGB frames, all of one size.
    shrink : int
        By how much each side becomes smaller.
    every : int
        Which frames are taken: every one, every second...

    Yields
    ------
    array, shape (height / shrink, about len(scenes) * width / shrink, 3)
        RGB, with even sides, until the last film ends.
    """
    # One after the other: MuJoCo's renderers cannot take turns.
    films = [[_small(f, shrink) for f in itertools.islice(x, 0, None, every)] for x in scenes]
    for t in range(max(map(len, films))):
        frames = [film[t] if t < len(film) else _faded(film[-1]) for film in films]
        strip = np.concatenate(frames, axis=1)
        yield strip[: len(strip) // 2 * 2, : strip.shape[1] // 2 * 2]


def _small(frame: NDArray[np.uint8], shrink: int) -> NDArray[np.uint8]:
    """Means of square blocks of pixels."""
    height, width = (side // shrink for side in frame.shape[:2])
    blocks = frame[: height * shrink, : width * shrink].reshape(height, shrink, width, shrink, 3)
    return blocks.mean(axis=(1, 3)).astype(np.uint8)


def _faded(frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return (frame // 2 + 127).astype(np.uint8)


def frame_of(figure: Figure) -> NDArray[np.uint8]:
    """The figure as it now looks: one frame of a film.

    Parameters
    ----------
    figure : matplotlib.figure.Figure

    Returns
    -------
    array of uint8, shape (height, width, 3)
        RGB, in pixels.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()


def label_end(ax: Axes, x: float, y: float, text: str, color: str) -> None:
    """Write a line's name beside its right end, instead of in a legend.

    Parameters
    ----------
    ax : matplotlib Axes
    x, y : float
        The line's last point, in units of the data.
    text : str
        The name.
    color : str
        The line's.
    """
    ax.annotate(text, (x, y), (5, 0), textcoords="offset points", va="center", color=color)


def _on_axis() -> dict[str, Any]:
    return {"xycoords": ("axes fraction", "data"), "textcoords": "offset points", "fontsize": 10}


def _figure_element(kind: str, body: str, caption: str) -> str:
    below = f"<figcaption>{html.escape(caption)}</figcaption>" if caption else ""
    return f'<figure class="{kind}">{body}{below}</figure>'


__all__: Sequence[str] = [
    "COLORS",
    "draw_stack",
    "film",
    "frame_of",
    "label_end",
    "learning_curves",
    "show",
    "side_by_side",
    "to_html",
    "to_svg",
    "use_house_style",
]
