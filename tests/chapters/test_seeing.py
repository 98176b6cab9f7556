"""Saliency against finite differences, filters, the probe, pictures, and the car's controller."""

import gymnasium as gym
import numpy as np
import pytest

from ddpg_lib import Config
from ddpg_lib.agents.kinds import agent_of
from ddpg_lib.chapters.ch17.driving import at_random, drive, pursue, stalls, wrapped
from ddpg_lib.chapters.ch17.seeing import (
    beside_its_view,
    encoder_of,
    features,
    filters,
    picture,
    probe,
    saliency,
    watch_pendulum,
)
from ddpg_lib.envs.car_racing import repeated

SHAPE = (2, 1, 20, 20)


def stack(encoder, size=20, n=2, grey=True):
    config = Config(
        encoder=encoder, frame_size=size, frame_stack=2, filters=(4, 6), kernels=(6, 3),
        strides=(4, 1), hidden=(16,), final_init=0.3, buffer_size=50, reward_scale=0.1,
        action_repeat=20, grey=grey,
    )  # fmt: skip
    return agent_of(config)((2, 1 if grey else 3, size, size), [-2.0], [2.0], config, range(n))


@pytest.mark.parametrize("encoder", ["shared", "separate"])
def test_saliency_is_the_slope_of_the_value(encoder):
    agent = stack(encoder)
    obs = np.random.default_rng(0).integers(3, 252, (2, 1, *SHAPE), np.uint8)
    slope, action = saliency(agent, obs), agent.act(obs)
    assert slope.shape == obs.shape
    rng = np.random.default_rng(1)
    found, expected = [], []
    for _ in range(40):
        at = (slice(None), 0, *(rng.integers(size) for size in SHAPE))
        low, high = obs.copy(), obs.copy()
        low[at] -= 3
        high[at] += 3
        found.append(slope[at])
        expected.append((agent.q(high, action) - agent.q(low, action))[:, 0] / (6 / 255))
    # Float32, and ReLUs that switch within the step.
    assert np.abs(np.array(found) - expected).max() < 0.1 * np.abs(expected).max()
    assert np.corrcoef(np.ravel(found), np.ravel(expected))[0, 1] > 0.995


def test_filters_and_features_are_those_of_the_encoder():
    shared, separate = stack("shared"), stack("separate")
    assert filters(shared).shape == (2, 4, 2, 1, 6, 6)
    weight = encoder_of(separate).layers[0].weight.detach().numpy()
    np.testing.assert_array_equal(filters(separate)[1, 3, 1, 0], weight[1, 3, 1])
    obs = np.random.default_rng(0).integers(0, 256, (2, 3, *SHAPE), np.uint8)
    assert features(shared, obs).shape == (2, 3, 50)
    assert np.abs(features(shared, obs)).max() <= 1
    assert features(separate, obs).shape == (2, 3, encoder_of(separate).outputs)
    with pytest.raises(ValueError, match="uint8"):
        features(shared, obs / 255)


def test_a_probe_reads_what_is_linear_and_nothing_else():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(400, 6))
    linear, noise = x @ rng.normal(size=(6, 1)) + 2, rng.normal(size=(400, 1))
    found = probe(x, np.hstack([linear, noise]))
    assert found.r2[0] > 0.999
    assert found.r2[1] < 0.1
    assert found.truth.shape == found.read.shape == (200, 2)
    np.testing.assert_array_equal(found.truth[:, 0], linear[200:, 0])
    with pytest.raises(ValueError, match="same four rows"):
        probe(x, linear[:3])


def test_the_pendulum_is_watched_with_its_hidden_state():
    pytest.importorskip("cv2")
    agent = stack("shared", size=32, n=1, grey=False)
    obs, state = watch_pendulum(lambda o: agent.act(o[None])[0], agent.config, [3, 4])
    assert obs.shape == (20, 2, 3, 32, 32)  # ten actions an episode
    np.testing.assert_allclose(state[:, 0] ** 2 + state[:, 1] ** 2, 1)
    np.testing.assert_array_equal(obs[1, 0], obs[0, 1])
    # The rod is red, and its middle half its length (1 of 2.2 half widths) from the picture's.
    red = obs[:, -1, 0].astype(float) - obs[:, -1, 1]
    rows, columns = np.arange(15.5, -16, -1), np.arange(-15.5, 16)
    up = (red.sum(2) * rows).sum(1) / red.sum((1, 2)) / 16 * 2.2
    left = -(red.sum(1) * columns).sum(1) / red.sum((1, 2)) / 16 * 2.2
    np.testing.assert_allclose(up, state[:, 0] / 2, atol=0.1)
    np.testing.assert_allclose(left, state[:, 1] / 2, atol=0.1)


def test_a_film_shows_the_world_and_the_frames():
    pytest.importorskip("cv2")
    agent = stack("shared", size=32)
    scene = beside_its_view(agent, 1)
    frames = list(scene.frames)
    assert len(frames) == 10
    assert scene.returns[0] < 0
    assert all(side % 2 == 0 for side in frames[0].shape[:2])
    world, obs = np.full((70, 50, 3), 7, np.uint8), np.arange(2 * 16, dtype=np.uint8)
    both = picture(world, obs.reshape(2, 1, 4, 4))
    assert (both[:70, :50] == 7).all()
    # Each pixel of a frame is a square.
    assert (both[0:8, 54:62] == 0).all()
    assert (both[0:8, 62:70] == 1).all()
    assert (both[36:44, 54:62] == 16).all()


def test_an_angle_is_brought_between_minus_pi_and_pi():
    assert wrapped(np.pi + 0.1) == pytest.approx(0.1 - np.pi)
    np.testing.assert_allclose(
        wrapped(np.array([-3.5, 6.5])), np.array([2.783185, 0.216815]), atol=1e-5
    )


def test_a_car_that_is_not_drawn_drives_alike():
    pytest.importorskip("Box2D")
    env = repeated(gym.make("CarRacing-v3"), 4)
    env.reset(seed=5)
    rng, total, over = np.random.default_rng(3), 0.0, False
    while not over:  # at random, the car leaves the field or the time is over
        _, reward, terminated, truncated, _ = env.step(rng.uniform((-1, 0, 0), (1, 1, 1)))
        total, over = total + reward, terminated or truncated
    env.close()
    assert drive(at_random(3), [5], repeat=4)[0] == pytest.approx(total)


def test_the_controller_drives_whole_tracks_and_chance_does_not():
    pytest.importorskip("Box2D")
    assert drive(pursue, [5])[0] > 800
    assert drive(pursue, [5], repeat=4)[0] > 600
    assert drive(at_random(0), [5], repeat=4)[0] < 50


def test_where_a_drive_stalls():
    """An agent that never presses the pedal: no tile after those on which it stands."""
    agent = stack("shared", n=1)
    drawn = []

    class Still:
        config, n = agent.config.replace(action_repeat=50, steps=1001), 1

        def act(self, obs):
            drawn.append(obs.shape)
            return np.zeros((1, 2), np.float32)

    kept = stalls(Still(), 0, [3])
    (drive_,) = kept
    assert drive_.actions == 20
    assert drawn[0] == (1, 2, 1, 20, 20)
    assert drive_.last == 0
    assert drive_.after < 1
    assert drive_.on_road == 1
    cost = 0.1 * 1000
    tile = drive_.reward + cost
    assert 0 < tile < 40  # the tiles under the car
