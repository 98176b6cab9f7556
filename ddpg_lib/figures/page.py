"""The book's figures: one style, one color an idea, right on light and dark pages.

A figure is shown as inline SVG whose colors are CSS variables, so the page that holds it decides
between light and dark. A PNG goes along for readers that drop inline SVG.
"""

from __future__ import annotations

import base64
import hashlib
import html
import io
import re

import matplotlib as mpl
from matplotlib.figure import Figure

from ddpg_lib.figures.style import COLORS


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


def _figure_element(kind: str, body: str, caption: str) -> str:
    below = f"<figcaption>{html.escape(caption)}</figcaption>" if caption else ""
    return f'<figure class="{kind}">{body}{below}</figure>'
