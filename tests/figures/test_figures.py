"""Figures: pictures for all, theme variables for the page; films that a decoder can read."""

import base64
import io
import re
import xml.etree.ElementTree as ET

import imageio_ffmpeg
import numpy as np
import pytest
from matplotlib import pyplot as plt
from PIL import Image, ImageSequence

from ddpg_lib import figures, iqm
from ddpg_lib.figures.film import side_by_side
from ddpg_lib.figures.page import inline, to_picture
from ddpg_lib.maths.stats import t_interval
from ddpg_lib.recipes import recipe
from ddpg_lib.runs.run import Run


@pytest.fixture(autouse=True)
def _close():
    figures.use_house_style()
    yield
    plt.close("all")


def sketch(slope=1.0):
    figure, ax = plt.subplots()
    ax.plot([0, 1], [0, slope], color=figures.COLORS["actor"])
    ax.set_xlabel("time, seconds")
    return figure


def test_svg_is_well_formed_and_labelled():
    svg = figures.to_svg(sketch(), 'A line of slope "one" & more')
    root = ET.fromstring(svg.replace("xlink:href", "href"))
    assert root.attrib["role"] == "img"
    assert root.attrib["aria-label"] == 'A line of slope "one" & more'


def test_house_colors_become_variables_with_fallbacks():
    svg = figures.to_svg(sketch(), "a line")
    assert "stroke: var(--ddpg-actor, #0072b2)" in svg
    assert "var(--ddpg-ink, currentColor)" in svg
    # No house color is left bare, and nothing paints the page's background.
    bare = re.sub(r"var\([^)]*\)", "", svg)
    assert not [name for name, color in figures.COLORS.items() if color in bare]
    assert "#ffffff" not in svg


def test_two_figures_share_no_id_and_every_reference_resolves():
    one, two = figures.to_svg(sketch(1), "one"), figures.to_svg(sketch(2), "two")
    ids = [set(re.findall(r'\bid="([^"]+)"', svg)) for svg in (one, two)]
    assert ids[0]
    assert not ids[0] & ids[1]
    for svg, known in zip((one, two), ids, strict=True):
        assert set(re.findall(r'(?:url\(|href=")#([^)"]+)', svg)) <= known


def test_the_same_figure_gives_the_same_bytes():
    assert figures.to_svg(sketch(), "x") == figures.to_svg(sketch(), "x")


@pytest.fixture
def displayed(monkeypatch):
    """The bundles that `display` is given."""
    bundles = []
    monkeypatch.setattr("IPython.display.display", lambda data, raw: bundles.append(data))
    return bundles


def test_a_notebook_holds_a_picture_that_stands_alone(displayed):
    figures.show(sketch(), 'A "line" & more', caption="Below <it>.")
    (bundle,) = displayed
    assert bundle["text/plain"] == 'A "line" & more'
    assert set(bundle) == {"text/plain", "text/html"}
    found = re.fullmatch(
        r'<figure class="ddpg-figure"><img src="data:image/svg\+xml;base64,([^"]*)" '
        r'alt="A &quot;line&quot; &amp; more"><figcaption>Below &lt;it&gt;.</figcaption></figure>',
        bundle["text/html"],
    )
    svg = base64.b64decode(found[1]).decode()
    assert ET.fromstring(svg)[0].attrib["fill"] == "#ffffff"
    assert figures.COLORS["actor"] in svg
    assert "var(" not in svg
    assert "currentColor" not in svg


def test_the_page_draws_the_picture_inline(displayed):
    figures.show(sketch(), 'A "line" & more', caption="Below.")
    page = inline(f"<p>{displayed[0]['text/html']}</p>")
    assert page == "<p>" + figures.to_html(sketch(), 'A "line" & more', "Below.") + "</p>"
    assert figures.to_svg(sketch(), 'A "line" & more') in page
    assert "<img" not in page
    assert inline(page) == page


def test_rounding_moves_no_point_by_more_than_a_hundredth(monkeypatch):
    def coordinates(svg):
        paths = " ".join(re.findall(r' d="([^"]*)"', svg))
        return np.array([float(x) for x in re.findall(r"-?\d+(?:\.\d+)?", paths)])

    rounded = to_picture(sketch())
    monkeypatch.setattr("ddpg_lib.figures.page._rounded", lambda number: number[0])
    exact = to_picture(sketch())
    assert len(rounded) < len(exact)
    np.testing.assert_allclose(coordinates(rounded), coordinates(exact), atol=0.00501)
    # Only coordinates: the scale of the letters has more digits.
    assert re.findall(r"scale\([^)]*\)", rounded) == re.findall(r"scale\([^)]*\)", exact)


def test_a_figure_without_alternative_text_is_refused():
    with pytest.raises(ValueError, match="alt"):
        figures.show(sketch(), alt=" ")


def test_learning_curves_show_every_agent_and_the_interquartile_mean():
    rng = np.random.default_rng(0)
    returns = rng.normal(size=(8, 5, 3))
    run = Run("Pendulum-v1", recipe("pendulum"), list(range(8)), None, np.arange(5), returns, [])
    figure = figures.learning_curves({"a": run, "b": run}, optimum=-140.0)
    lines = [line for line in figure.axes[0].lines if len(line.get_xdata()) == 5]
    assert len(lines) == 2 * (8 + 1)
    np.testing.assert_allclose(lines[3].get_ydata(), returns[3].mean(-1))
    np.testing.assert_allclose(lines[8].get_ydata(), iqm(returns.mean(-1)))
    assert [t.get_text() for t in figure.axes[0].get_legend().get_texts()] == ["a", "b"]


def test_a_single_run_has_a_legend_if_it_has_a_name():
    run = Run("Pendulum-v1", recipe("pendulum"), [0], None, np.arange(5), np.zeros((1, 5, 3)), [])
    assert figures.learning_curves(run).axes[0].get_legend() is None
    legend = figures.learning_curves({"mine": run}).axes[0].get_legend()
    assert [text.get_text() for text in legend.get_texts()] == ["mine"]


@pytest.mark.parametrize("form", ["pdf", "ps"])
def test_saved_figures_hold_whole_fonts(form):
    """Many journals refuse Type 3."""
    content = io.BytesIO()
    sketch().savefig(content, format=form)
    assert re.search(rb"/CIDFontType2|/FontType 42", content.getvalue())
    assert not re.search(rb"/Type3|/FontType 3\b", content.getvalue())


def test_a_film_decodes_to_its_frames(tmp_path):
    frames = [np.full((64, 96, 3), 40 * k, np.uint8) for k in range(5)]
    data = figures.film(frames, fps=10, alt="gray", show=False)
    path = tmp_path / "film.mp4"
    path.write_bytes(data)
    reader = imageio_ffmpeg.read_frames(str(path))
    meta = next(reader)
    assert meta["size"] == (96, 64)
    assert meta["fps"] == 10
    decoded = [np.frombuffer(frame, np.uint8).mean() for frame in reader]
    np.testing.assert_allclose(decoded, [0, 40, 80, 120, 160], atol=6)


def test_a_film_brings_the_frame_halfway_as_a_picture(displayed):
    frames = [np.full((64, 96, 3), 20 * k, np.uint8) for k in range(9)]
    figures.film(frames, fps=10, alt='Gray "grows"', caption="Lighter.")
    (bundle,) = displayed
    assert bundle["text/plain"] == 'Gray "grows"'
    page = bundle["text/html"]
    pictures = re.findall(r'(?:poster|<img src)="data:image/jpeg;base64,([^"]*)"', page)
    assert len(pictures) == 2
    for picture in pictures:
        image = np.asarray(Image.open(io.BytesIO(base64.b64decode(picture))))
        assert image.shape == (64, 96, 3)
        assert 70 < image.mean() < 110
    for name in ("aria-label", "title", "alt"):
        assert f'{name}="Gray &quot;grows&quot;"' in page
    assert page.endswith("</video><figcaption>Lighter.</figcaption></figure>")


@pytest.mark.parametrize(("fps", "milliseconds"), [(30, {30, 40}), (100, {20})])
def test_a_gif_has_its_frames_in_their_colors(fps, milliseconds):
    colors = np.random.default_rng(0).integers(0, 256, (10, 3), np.uint8)
    gif = Image.open(io.BytesIO(figures.gif([np.full((16, 24, 3), x) for x in colors], fps)))
    assert (gif.format, gif.size, gif.info["loop"]) == ("GIF", (24, 16), 0)
    shown, lasting = [], set()
    for frame in ImageSequence.Iterator(gif):
        shown.append(frame.convert("RGB").getpixel((12, 8)))
        lasting.add(frame.info["duration"])
    assert lasting == milliseconds
    every = 2 if fps == 100 else 1  # browsers play a faster GIF slowly
    np.testing.assert_array_equal(shown, colors[::every])


@pytest.mark.parametrize("frames", [[], [np.zeros((63, 96, 3), np.uint8)]])
def test_impossible_films_are_refused(frames):
    with pytest.raises(ValueError, match="film"):
        figures.film(frames, fps=10, alt="x", show=False)
    with pytest.raises(ValueError, match="film"):
        figures.gif(frames, fps=10)


def test_frame_of_is_the_figure():
    figure = plt.figure(figsize=(2, 1), dpi=100, facecolor="red")
    frame = figures.frame_of(figure)
    assert frame.shape == (100, 200, 3)
    np.testing.assert_array_equal(frame[0, 0], [255, 0, 0])


def test_films_side_by_side():
    """The shorter film stands still, faded, until the longer one ends."""
    long = [np.full((6, 8, 3), 10 * k, np.uint8) for k in range(4)]
    short = [np.full((6, 8, 3), 200, np.uint8), np.full((6, 8, 3), 100, np.uint8)]
    frames = list(side_by_side([long, short], shrink=2))
    assert [f.shape for f in frames] == [(2, 8, 3)] * 4
    assert [int(f[0, 0, 0]) for f in frames] == [0, 10, 20, 30]
    assert [int(f[0, -1, 0]) for f in frames] == [200, 100, 177, 177]


def test_every_second_frame():
    film = [np.full((4, 4, 3), k, np.uint8) for k in range(6)]
    assert [int(f[0, 0, 0]) for f in side_by_side([film], shrink=1, every=2)] == [0, 2, 4]


def test_small_frames_are_means():
    frame = np.zeros((4, 4, 3), np.uint8)
    frame[0, 0] = 200
    (strip,) = side_by_side([[frame]])
    assert strip[0, 0].tolist() == [50, 50, 50]
    assert strip[1:].max() == 0


def test_sensitivity_bands_are_those_of_the_means():
    results = {"one": {0.5: [1.0, 2.0, 3.0], 2.0: [2.0, 2.5, 3.0]}, "other": {1.0: [0.0, 1.0]}}
    fig = figures.sensitivity_bands(results, ("C0", "C1"), xlabel="strength", bar=1.5)
    (ax,) = fig.axes
    dots, means = ax.lines[:2], ax.lines[2]
    assert [len(x.get_ydata()) for x in dots] == [3, 3]
    np.testing.assert_allclose(means.get_xydata(), [[0.5, 2.0], [2.0, 2.5]])
    band = ax.collections[0].get_paths()[0].vertices
    low, high = t_interval([1.0, 2.0, 3.0])
    at = np.isclose(band[:, 0], 0.5)
    np.testing.assert_allclose([band[at, 1].min(), band[at, 1].max()], [low, high])
    assert [text.get_text() for text in ax.get_xticklabels()] == ["0.5", "1", "2"]
    assert ax.lines[-1].get_ydata() == [1.5, 1.5]
