"""Films: frames encoded as H.264, and several films side by side."""

from __future__ import annotations

import base64
import html
import io
import itertools
import subprocess
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
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "film.mp4"
        options = ["-crf", "27", "-preset", "slow", "-movflags", "+faststart"]
        _write(path, frames, fps, "libx264", "yuv420p", options)
        data = path.read_bytes()
    if show:
        from IPython.display import display

        display({"text/html": _film_html(data, alt, caption), "text/plain": alt}, raw=True)
    return data


def gif(frames: Iterable[NDArray[np.uint8]], fps: float) -> bytes:
    """Encode frames as an animated GIF, in the 256 colors that suit them, which plays forever.

    Of more than 50 frames a second some are left out: a faster GIF is played slowly.

    Parameters
    ----------
    frames : iterable of array, shape (height, width, 3)
        RGB, all of one size with even sides.
    fps : float
        Frames a second.

    Returns
    -------
    bytes
        The file's content.

    Raises
    ------
    ValueError
        If there is no frame, or its sides are not even.
    """
    rate = f"fps={min(fps, 50)}"
    dots = "paletteuse=dither=bayer:bayer_scale=4:diff_mode=rectangle"  # dots that do not flicker
    with tempfile.TemporaryDirectory() as folder:
        film, palette, path = (Path(folder) / x for x in ("film.mkv", "palette.png", "film.gif"))
        # The colors are chosen when all frames are known; kept without loss, and not in memory.
        _write(film, frames, fps, "ffv1", "bgr0")
        _ffmpeg("-i", film, "-vf", f"{rate},palettegen", palette)
        _ffmpeg("-i", film, "-i", palette, "-lavfi", f"{rate}[x];[x][1:v]{dots}", path)
        return path.read_bytes()


def _write(
    path: Path,
    frames: Iterable[NDArray[np.uint8]],
    fps: float,
    codec: str,
    pixels: str,
    options: Sequence[str] = (),
) -> None:
    """Encode frames into a file.

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
    writer = imageio_ffmpeg.write_frames(
        str(path),
        (width, height),
        fps=fps,
        codec=codec,
        pix_fmt_out=pixels,
        quality=None,
        output_params=list(options),
        macro_block_size=2,
        ffmpeg_log_level="error",
    )
    writer.send(None)
    for frame in itertools.chain([first], iterator):
        writer.send(np.ascontiguousarray(frame))
    writer.close()


def _ffmpeg(*arguments: str | Path) -> None:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", *map(str, arguments)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)


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
