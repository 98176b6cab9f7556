"""Environments as they are seen: every layout of images, drawn worlds, and what is refused."""

from typing import ClassVar

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.spaces import Box, Dict

from ddpg_lib import Config, UnavailableEnvironmentError, UnsupportedSpaceError, train
from ddpg_lib.envs.making import make
from ddpg_lib.envs.pixels import Pixels, View, seen
from ddpg_lib.envs.stack import Spaces, StackedEnvs
from ddpg_lib.results.inside import look_inside

IMAGE = np.arange(20 * 24 * 3, dtype=np.uint8).reshape(20, 24, 3)


class Shows(gym.Env):
    """Shows one picture, a little brighter each step; 4 steps, each rewarded by its number."""

    metadata: ClassVar = {"render_modes": ["rgb_array"], "render_fps": 10}
    action_space = Box(-1.0, 1.0, (1,), np.float32)

    def __init__(self, image=IMAGE, high=255, render_mode=None, vector=False):
        self.image, self.render_mode, self.vector = np.asarray(image), render_mode, vector
        self.observation_space = Box(0, high, self.image.shape, self.image.dtype)
        if vector:
            self.observation_space = Box(-1.0, 1.0, (2,), np.float32)

    def observed(self):
        return np.zeros(2, np.float32) if self.vector else self.render()

    def render(self):
        return (self.image // 2 + self.t).astype(self.image.dtype)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.t = 0
        return self.observed(), {}

    def step(self, action):
        self.t += 1
        return self.observed(), float(self.t), False, self.t == 4, {}


def view(image=IMAGE, size=20, **more):
    options = {"stack": 2, "grey": False, **more.pop("view", {})}
    return make(Pixels(lambda: Shows(image, **more), View(size, **options)))


@pytest.mark.parametrize(
    "image", [IMAGE[:, :20], IMAGE[:, :20].transpose(2, 0, 1)], ids=["last", "first"]
)
def test_channels_are_understood_where_they_are(image):
    env = view(image)
    assert env.observation_space == Box(0, 255, (2, 3, 20, 20), np.uint8)
    obs, _ = env.reset()
    expected = (IMAGE[:, :20] // 2).transpose(2, 0, 1)
    np.testing.assert_array_equal(obs, [expected, expected])
    obs, *_ = env.step(np.zeros(1, np.float32))
    np.testing.assert_array_equal(obs, [expected, expected + 1])  # the newest last


def test_grey_images_need_no_channel():
    for image in (IMAGE[:, :20, 0], IMAGE[:, :20, :1], IMAGE[:, :20, :1].transpose(2, 0, 1)):
        obs, _ = view(image).reset()
        np.testing.assert_array_equal(obs, [[IMAGE[:, :20, 0] // 2]] * 2)


def test_grey_is_gymnasiums():
    colored, grey = view(IMAGE[:, :20]), view(IMAGE[:, :20], view={"grey": True})
    rgb, made = colored.reset()[0], grey.reset()[0]
    assert made.shape == (2, 1, 20, 20)
    weights = np.array([0.2125, 0.7154, 0.0721]).reshape(3, 1, 1)
    np.testing.assert_array_equal(made[0, 0], (rgb[0] * weights).sum(0).astype(np.uint8))


def test_a_small_frame_is_the_mean_over_what_its_pixels_cover():
    pytest.importorskip("cv2")
    obs, _ = view(IMAGE[:, :20], size=10).reset()
    blocks = (IMAGE[:, :20] // 2).reshape(10, 2, 10, 2, 3).mean((1, 3)).transpose(2, 0, 1)
    assert np.abs(obs[0] - blocks).max() <= 0.5  # rounded


def test_an_action_is_repeated_and_its_rewards_summed():
    env = view(IMAGE[:, :20], view={"repeat": 3})
    env.reset()
    obs, reward, _, truncated, _ = env.step(np.zeros(1, np.float32))
    assert (reward, truncated) == (1 + 2 + 3, False)
    np.testing.assert_array_equal(obs[1], obs[0] + 3)
    _, reward, _, truncated, _ = env.step(np.zeros(1, np.float32))
    assert (reward, truncated) == (4, True)  # the episode is over before the third


def test_what_has_no_images_is_seen_as_it_draws_itself():
    env = view(IMAGE[:, :20], vector=True, render_mode="rgb_array")
    np.testing.assert_array_equal(env.reset()[0][0], (IMAGE[:, :20] // 2).transpose(2, 0, 1))
    with pytest.raises(UnavailableEnvironmentError, match="render_mode is None: make it with"):
        view(IMAGE[:, :20], vector=True)


def test_frames_that_are_stacked_already_are_taken_as_they_are():
    inner = Pixels(lambda: Shows(IMAGE[:, :20]), View(20, 3, 1, False))
    assert make(Pixels(inner, View(64, 5))).observation_space.shape == (3, 3, 20, 20)


def test_images_that_are_no_bytes_are_refused():
    with pytest.raises(UnsupportedSpaceError, match=r"float32 from 0.0 to 1.0.*TransformObs"):
        view((IMAGE / 255).astype(np.float32), high=1)
    with pytest.raises(UnsupportedSpaceError, match="from 0 to 100"):
        view(IMAGE // 3, high=100)
    with pytest.raises(UnsupportedSpaceError, match=r"\(20, 24, 4\): one channel"):
        view(np.zeros((20, 24, 4), np.uint8))


def test_images_and_frames_without_an_encoder_are_pointed_there():
    config = Config(steps=20, warmup_steps=10, eval_every=20, batch_size=2, buffer_size=20)
    with pytest.raises(UnsupportedSpaceError, match=r"train with an encoder.*--pixels"):
        train(Shows, config, progress=False)
    frames = Pixels(Shows, View(20, grey=False))
    with pytest.raises(ValueError, match=r"stacked frames.*--pixels"):
        train(frames, config, progress=False)


def test_tables_and_dictionaries_are_still_vectors():
    # Whatever an environment calls its own settings.
    assert seen("Pendulum-v1", Config(), g=9.0, config=1) == (
        "Pendulum-v1",
        {"g": 9.0, "config": 1},
    )

    class Small(Shows):
        def __init__(self):
            super().__init__()
            self.observation_space = Dict({"x": Box(0, 1, (2, 3)), "y": Box(0, 1, (1,))})

    gym.register("PixelsTestSmall-v0", Small)
    assert make("PixelsTestSmall-v0").observation_space.shape == (7,)


def test_a_stack_of_environments_gives_bytes():
    config = Config(encoder="shared", frame_size=20, frame_stack=2, grey=False)
    env, kwargs = seen(lambda: Shows(IMAGE[:, :20]), config)
    envs = StackedEnvs(env, [1, 2], **kwargs)
    assert envs.spaces == Spaces(2 * 3 * 20 * 20, (-1.0,), (1.0,), frames=(2, 3, 20, 20))
    obs = envs.reset()
    assert obs.dtype == np.uint8
    assert obs.shape == (2, 2, 3, 20, 20)
    for _ in range(4):
        after, _, _, truncated, start = envs.step(np.zeros((2, 1), np.float32))
    assert truncated.all()
    np.testing.assert_array_equal(start, obs)
    assert (after > start).any()


SHORT = Config(
    encoder="shared", frame_size=20, frame_stack=2, action_repeat=2, filters=(4,), kernels=(6,),
    strides=(4,), hidden=(8,), batch_size=4, buffer_size=20, warmup_steps=6, steps=10,
    eval_every=10, eval_episodes=1,
)  # fmt: skip
GREY = {
    "type": "GrayscaleObservation",
    "observation_shape": (64, 48),
    "stack_size": 1,
    "weights": [0.3, 0.6, 0.1],
    "scaling": 1.75,
}


def test_gymnasiums_own_image_environment_trains():
    pytest.importorskip("cv2")
    pytest.importorskip("Box2D")
    kwargs = {"max_episode_steps": 15}
    run = train("CarRacing-v3", SHORT, [1], env_kwargs=kwargs, progress=False)
    assert run.returns.shape == (1, 2, 1)
    assert np.isfinite(run.returns).all()


def test_a_look_inside_sees_what_the_agent_sees():
    pytest.importorskip("cv2")
    gym.register("TestShows-v0", Shows, max_episode_steps=3)
    run = train("TestShows-v0", SHORT, [1], progress=False)
    actions = look_inside(run.agent, "TestShows-v0", episodes=2)["length"]
    np.testing.assert_array_equal(actions, 2)  # each of two steps


def test_an_image_environment_of_others_trains():
    pytest.importorskip("cv2")
    pytest.importorskip("highway_env")
    kwargs = {"config": {"duration": 5, "observation": GREY}}
    run = train("highway_env:racetrack-v0", SHORT, [1], env_kwargs=kwargs, progress=False)
    assert np.isfinite(run.returns).all()
    kwargs["config"]["observation"] = {**GREY, "stack_size": 4}  # stacked already, axis first
    with pytest.raises(UnsupportedSpaceError, match=r"\(4, 64, 48\).*stacking of frames to frame"):
        train("highway_env:racetrack-v0", SHORT, [1], env_kwargs=kwargs, progress=False)


def test_pendulum_is_seen_and_nothing_else():
    pytest.importorskip("cv2")
    env = make(Pixels("Pendulum-v1", View(32)))
    assert env.observation_space.shape == (3, 1, 32, 32)
    obs, info = env.reset(seed=1)
    assert info == {}
    assert obs.max() > 200
    assert obs.std() > 5
    again, _ = env.reset(seed=1)
    np.testing.assert_array_equal(obs, again)
