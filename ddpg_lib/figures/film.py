"""Films: frames encoded as H.264, and several films side by side."""

from __future__ import annotations

import base64
import html
import io
import itertools
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import imageio_ffmpeg
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

from ddpg_lib.figures.page import _figure_element


def film(
    frames: Iterable[NDArray[np.uint8]],
    fps: float,
    alt: str,
    caption: str = "",
    *,
    show: bool = True,
) -> bytes:
    """Encode frames as an MP4 film (H.264) and play it in the notebook, without any network.

    Readers that play no films, such as GitHub, see the frame halfway.

    Parameters
    ----------
    frames : iterable of array, shape (height, width, 3)
        RGB, all of one size with even sides.
    fps : float
        Frames a second.
    alt, caption : str
        As for :func:`~ddpg_lib.figures.page.show`.
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
        from IPython.display import display

        display({"text/html": _film_html(data, alt, caption), "text/plain": alt}, raw=True)
    return data


def _film_html(data: bytes, alt: str, caption: str) -> str:
    """A film as a notebook holds it, with a still for readers of notebooks that play none.

    GitHub either drops the ``<video>`` and keeps what is in it, or blocks its data and keeps the
    poster; JupyterLab drops the label and keeps the title.
    """
    still, width = _still(data)
    picture = "data:image/jpeg;base64," + base64.b64encode(still).decode()
    source = "data:video/mp4;base64," + base64.b64encode(data).decode()
    label = html.escape(alt, quote=True)
    film = (
        f'<video controls loop muted playsinline preload="metadata" width="{width}" '
        f'style="max-width: 100%; height: auto" aria-label="{label}" title="{label}" '
        f'poster="{picture}" src="{source}"><img src="{picture}" alt="{label}"></video>'
    )
    return _figure_element("ddpg-film", film, caption)


def _still(data: bytes) -> tuple[bytes, int]:
    """The frame halfway through a film, as JPEG, and its width."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "film.mp4"
        path.write_bytes(data)
        half = imageio_ffmpeg.count_frames_and_secs(str(path))[1] / 2
        frames = imageio_ffmpeg.read_frames(str(path), input_params=["-ss", f"{half:.3f}"])
        width, height = next(frames)["size"]
        frame = np.frombuffer(next(frames), np.uint8).reshape(height, width, 3)
        frames.close()
    jpeg = io.BytesIO()
    Image.fromarray(frame).save(jpeg, "JPEG", quality=75, optimize=True)
    return jpeg.getvalue(), width


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
