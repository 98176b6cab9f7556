"""What the scout measures, on worlds whose answers are known."""

import gymnasium as gym
import numpy as np
import pytest

from ddpg_lib.results.scouting import Played, Scouting, play_episodes, reach, scout, strategies


class Cliff(gym.Env):
    """A position moved by the action: 1 a step, -100 and the end beyond 1."""

    observation_space = gym.spaces.Box(-np.inf, np.inf, (1,))
    action_space = gym.spaces.Box(-1.0, 2.0, (1,))

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.x = 0.0
        return np.zeros(1, np.float32), {}

    def step(self, action):
        self.x += 0.1 * float(action[0])
        over = abs(self.x) > 1.05
        return np.full(1, self.x, np.float32), -100.0 if over else 1.0, over, False, {}


gym.register("TestCliff-v0", Cliff, max_episode_steps=40)


@pytest.fixture(scope="module")
def cliff():
    return scout("TestCliff-v0", episodes=6, scouts=False)


def test_rulers_have_the_returns_lengths_and_endings_of_their_episodes(cliff):
    still, low, high = (cliff.rulers[x] for x in ("nothing", "lowest action", "highest action"))
    assert still.returns.tolist() == [40.0] * 6
    assert still.lengths.tolist() == [40] * 6
    assert not still.terminated.any()
    # Eleven steps of 0.1 lead beyond 1.05, six of 0.2.
    assert low.lengths.tolist() == [11] * 6
    assert low.returns.tolist() == [10 - 100.0] * 6
    assert high.lengths.tolist() == [6] * 6
    assert high.terminated.all()
    assert high.last.tolist() == [-100.0] * 6
    assert high.before.tolist() == [1.0] * 30
    np.testing.assert_allclose(high.obs[:6, 0], 0.2 * np.arange(6), atol=1e-6)


def test_strategies_try_each_bound_of_few_components_and_rest_nearest_to_zero():
    low, high = np.array([-1.0, 0.5]), np.array([1.0, 2.0])
    acts = {name: policy(np.zeros((1, 3, 4))) for name, policy in strategies(low, high)}
    assert list(acts) == [
        "random",
        "nothing",
        "action 0 lowest",
        "action 0 highest",
        "action 1 highest",
    ]
    assert acts["nothing"].shape == (1, 3, 2)
    assert acts["nothing"][0, 0].tolist() == [0.0, 0.5]
    assert acts["action 1 highest"][0, 2].tolist() == [0.0, 2.0]
    assert (acts["random"] >= low).all()
    assert (acts["random"] <= high).all()
    assert len(list(strategies(np.full(4, -1.0), np.full(4, 1.0)))) == 2


def test_a_walk_is_taken_further_by_correlated_noise(cliff):
    reached = reach("TestCliff-v0", np.array([-1.0]), np.array([2.0]), 30)
    assert reached["gaussian"] == 1.0
    assert reached["ornstein_uhlenbeck"] > 1.5


def test_choices_follow_from_what_was_measured(cliff):
    chosen = {x.field: x.value for x in cliff.choices}
    # 40 steps: a horizon of 16. Steps give 1, values up to 16, and an ending is worth -100.
    assert chosen["gamma"] == round(1 - 1 / 16, 3)
    assert chosen["reward_scale"] == 1.0
    assert chosen["n_step"] == 5
    assert chosen["noise"] == "ornstein_uhlenbeck"
    assert chosen["warmup_steps"] == 1_000
    assert cliff.config.n_step == 5
    pendulum = {x.field: x.value for x in scout("Pendulum-v1", episodes=2, scouts=False).choices}
    assert pendulum["reward_scale"] == 0.1
    assert "n_step" not in pendulum


def test_scouts_are_measured_and_the_report_names_everything():
    found = scout("TestCliff-v0", 10_000, [0, 1], episodes=3, progress=False)
    assert found.steps == 1_000
    assert {x.shape for x in found.scouts.values()} == {(2,)}
    assert (found.scouts["length"] <= 40).all()
    text = found.report()
    for part in ("Rulers", "Scales", "Suggested", "Scouts, 1,000 steps each", "of 2 agents beat"):
        assert part in text


def test_findings_name_plateaus_saturation_and_critics_that_promise_too_much(cliff):
    def found(**changes):
        base = {"return": 0.0, "length": 20.0, "ended": 0.0, "saturated": 0.0}
        base |= {"critic": 10.0, "monte_carlo": 10.0} | changes
        scouts = {name: np.full(8, value) for name, value in base.items()}
        return Scouting(cliff.env, cliff.spaces, cliff.rulers, cliff.choices, scouts).findings()

    assert found() == ["0 of 8 agents beat the best episode of the best ruler (nothing)"]
    assert found(**{"return": 41.0})[0].startswith("8 of 8 agents beat")
    assert "those of the strategy nothing" in found(**{"return": 40.0, "length": 40.0})[1]
    assert "8 of 8 agents act at a bound" in found(saturated=0.6)[1]
    assert "8 of 8 critics lie above" in found(critic=14.0)[1]
    assert "8 of 8 critics lie above" in found(critic=-6.0, monte_carlo=-10.0)[1]


def test_one_episode_is_enough_and_bad_numbers_are_refused():
    one = play_episodes(lambda obs: np.zeros((1, 1, 1)), "TestCliff-v0", 1)
    assert isinstance(one, Played)
    assert one.returns.shape == (1,)
    with pytest.raises(ValueError, match="episodes must be at least 1, got 0"):
        scout("TestCliff-v0", episodes=0)
    with pytest.raises(ValueError, match="steps must be at least 10,000"):
        scout("TestCliff-v0", 9_000)
