"""Environments that are seen: their own images, or what they draw, as small stacked frames."""

from __future__ import annotations

import dataclasses
import os
import sys
from collections.abc import Callable
from ctypes.util import find_library
from typing import Any, cast

import gymnasium as gym
import numpy as np
from gymnasium import wrappers
from gymnasium.error import DependencyNotInstalled
from numpy.typing import NDArray

from ddpg_lib.envs.border import UnsupportedSpaceError, is_frames, looks_like_image, name_of
from ddpg_lib.envs.making import EnvLike, UnavailableEnvironmentError, by_function, by_id

Env = gym.Env[Any, Any]
COLORS = (1, 3)  # channels of grey and of RGB


@dataclasses.dataclass(frozen=True)
class View:
    """How an environment is seen; the fields are those of :class:`ddpg_lib.Config`.

    Attributes
    ----------
    size : int
        Height and width of a frame in pixels.
    stack : int
        Frames in an observation, the newest last.
    repeat : int
        Steps that an action lasts; the rewards are summed.
    grey : bool
        Whether frames are without color.
    """

    size: int = 64
    stack: int = 3
    repeat: int = 1
    grey: bool = True

    @classmethod
    def of(cls, config: Any) -> View:
        """What a :class:`ddpg_lib.Config` says."""
        return cls(config.frame_size, config.frame_stack, config.action_repeat, config.grey)


class Pixels:
    """Makes an environment whose observations are stacked frames, each time that it is called.

    These are uint8, (frames, channels, height, width). An environment that gives images is seen
    through them, channels last or first; any other as it draws itself, so that nothing of its
    state reaches the agent otherwise. All is done by Gymnasium's wrappers: ``RepeatAction``,
    ``AddRenderObservation``, ``ResizeObservation`` (the mean over what a pixel covers),
    ``GrayscaleObservation``, ``FrameStackObservation``.

    Parameters
    ----------
    env
        A Gymnasium id, or a function that makes an environment; if that gives no images, with
        ``render_mode="rgb_array"``.
    view
        How it is seen.
    **kwargs
        For ``gymnasium.make``.
    """

    def __init__(self, env: EnvLike, view: View | None = None, /, **kwargs: Any) -> None:
        self.env, self.view, self.kwargs = env, view or View(), kwargs
        self.__name__ = name_of(env)

    def __call__(self) -> Env:
        """Make one.

        Raises
        ------
        UnavailableEnvironmentError
            If it cannot be made or drawn, or OpenCV is not installed, which resizes.
        UnsupportedSpaceError
            For images that are no bytes from 0 to 255, or have other channels than grey or RGB.
        """
        without_screen()
        env, view = self._drawn(), self.view
        try:
            space = env.observation_space
            if is_frames(space):  # somebody has stacked them already
                return wrappers.RepeatAction(env, view.repeat)
            if looks_like_image(space):
                env = wrappers.RepeatAction(env, view.repeat)
            else:
                env = wrappers.AddRenderObservation(wrappers.RepeatAction(env, view.repeat))
            env = _channels_last(env)
            if cast("tuple[int, ...]", env.observation_space.shape)[:2] != (view.size, view.size):
                env = wrappers.ResizeObservation(env, (view.size, view.size))
            if view.grey and env.observation_space.shape == (view.size, view.size, 3):
                env = wrappers.GrayscaleObservation(env, keep_dim=True)
            return wrappers.FrameStackObservation(_transformed(env, (2, 0, 1)), view.stack)
        except DependencyNotInstalled:
            env.close()
            message = 'frames are resized by OpenCV: pip install "ddpg-lib[pixels]"'
            raise UnavailableEnvironmentError(message) from None
        except BaseException:
            env.close()
            raise

    def _drawn(self) -> Env:
        """The environment, drawing itself if it gives no images."""
        name = self.__name__
        if not isinstance(self.env, str):
            env = by_function(self.env, self.kwargs)
        else:
            env = by_id(self.env, **self.kwargs)
            if not gives_images(env) and env.render_mode is None:
                env.close()
                try:
                    env = by_id(self.env, **{**self.kwargs, "render_mode": "rgb_array"})
                except UnavailableEnvironmentError as error:
                    raise UnavailableEnvironmentError(
                        f"{name} gives no images and cannot be drawn ({error}): train without "
                        "encoder, from its numbers"
                    ) from None
        if not gives_images(env) and env.render_mode != "rgb_array":
            mode = env.render_mode
            env.close()
            raise UnavailableEnvironmentError(
                f"{name} gives no images, and its render_mode is {mode!r}: make it with "
                'render_mode="rgb_array", or train without encoder, from its numbers'
            )
        return env


def seen(env: EnvLike, config: Any, /, **kwargs: Any) -> tuple[EnvLike, dict[str, Any]]:
    """Return what an agent of a ``config`` sees of ``env``, and what is left of ``kwargs``.

    Without an encoder that is the environment as it is. ``kwargs`` are for ``gymnasium.make``.
    """
    if getattr(config, "encoder", "none") == "none" or isinstance(env, Pixels):
        return env, kwargs
    return Pixels(env, View.of(config), **kwargs), {}


def gives_images(env: Env) -> bool:
    """Whether an environment's observations are images, or frames that are stacked already."""
    return looks_like_image(env.observation_space) or is_frames(env.observation_space)


def _channels_last(env: Env) -> Env:
    """Images of (height, width, channels), after a look at what they are."""
    space, name = cast(gym.spaces.Box, env.observation_space), name_of(env)
    if space.dtype != np.uint8 or not ((space.low == 0).all() and (space.high == 255).all()):
        raise UnsupportedSpaceError(
            f"{name} has images of {space.dtype} from {space.low.min()} to {space.high.max()}, but "
            "frames are kept as bytes from 0 to 255: wrap it in gymnasium.wrappers."
            "TransformObservation(env, lambda x: (255 * x).astype(np.uint8), "
            f"gymnasium.spaces.Box(0, 255, {space.shape}, np.uint8)), with a factor that fits"
        )
    if len(space.shape) == 2:
        return _transformed(env, (0, 1), (*space.shape, 1))
    if space.shape[2] in COLORS:
        return env
    if space.shape[0] in COLORS:
        return _transformed(env, (1, 2, 0))
    raise UnsupportedSpaceError(
        f"{name} has images of shape {space.shape}: one channel (grey) or three (RGB) are needed, "
        "first or last; choose them with gymnasium.wrappers.TransformObservation, and leave the "
        "stacking of frames to frame_stack"
    )


def _transformed(env: Env, axes: tuple[int, ...], shape: tuple[int, ...] | None = None) -> Env:
    """Images with their axes in another order, contiguous, and in another shape."""
    old = cast("tuple[int, ...]", env.observation_space.shape)
    new = shape or tuple(old[axis] for axis in axes)

    def function(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        return np.ascontiguousarray(np.transpose(image, axes)).reshape(new)

    transform = cast("Callable[[Any], Any]", function)
    box = gym.spaces.Box(0, 255, new, np.uint8)
    return wrappers.TransformObservation(env, transform, box)


def without_screen() -> None:
    """Tell the environments' renderers to draw without a screen, where nobody has said otherwise.

    Sets ``SDL_VIDEODRIVER`` and, on Linux without a display, ``MUJOCO_GL``: to EGL, else OSMesa,
    else off, for MuJoCo cannot even be imported with a library that is missing.
    """
    os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
    if sys.platform == "linux" and "DISPLAY" not in os.environ:
        found = (name for name in ("EGL", "OSMesa") if find_library(name))
        os.environ.setdefault("MUJOCO_GL", next(found, "off").lower())
