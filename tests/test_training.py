"""Training and evaluation: seeds fix everything, agents do not disturb one another."""

import copy
import hashlib
import os
import subprocess
import sys

import gymnasium as gym
import numpy as np
import pytest
import torch

from ddpg_lib import (
    DDPG,
    Config,
    StackedEnvs,
    bootstrap_interval,
    evaluate,
    iqm,
    recipe,
    train,
)
from ddpg_lib.envs import pixels
from ddpg_lib.evaluation import EVALUATION_SEED, Evaluator, evaluate_policy
from ddpg_lib.training import Training

SHORT = recipe(
    "pendulum", steps=420, warmup_steps=200, eval_every=200, eval_episodes=2, hidden=(16, 16)
)


def fingerprint():
    run = train("Pendulum-v1", SHORT, seeds=[3, 1], progress=False)
    weights = b"".join(p.detach().numpy().tobytes() for p in run.agent.actor.parameters())
    return hashlib.sha256(run.returns.tobytes() + weights).hexdigest()


@pytest.mark.slow
def test_the_same_seeds_give_the_same_bits_in_two_processes():
    path = os.pathsep.join([os.path.dirname(__file__), *sys.path])
    other = subprocess.run(
        [sys.executable, "-c", "import test_training; print(test_training.fingerprint())"],
        env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert other.stdout.strip() == fingerprint()


def test_agent_i_starts_the_same_whoever_trains_beside_it():
    stack = train("Pendulum-v1", SHORT, seeds=[3, 1], progress=False)
    alone = train("Pendulum-v1", SHORT, seeds=[1], progress=False)
    a, b = stack.agent.replay.rows[1, :420], alone.agent.replay.rows[0, :420]
    # The warm-up is the same to the bit: starts, random actions, weights.
    np.testing.assert_array_equal(a[:200].numpy(), b[:200].numpy())
    np.testing.assert_array_equal(stack.returns[1, 0], alone.returns[0, 0])
    # Afterwards only rounding in the batched products differs.
    np.testing.assert_allclose(a[200:230].numpy(), b[200:230].numpy(), atol=1e-3)


def test_other_seeds_give_other_runs():
    run = train("Pendulum-v1", SHORT, seeds=[0, 1], progress=False)
    assert not np.array_equal(run.returns[0], run.returns[1])


def training(seeds=(3, 1)):
    envs = StackedEnvs("Pendulum-v1", seeds)
    agent = DDPG(envs.obs_dim, envs.action_low, envs.action_high, SHORT, seeds)
    return Training(envs, agent, SHORT, Evaluator("Pendulum-v1", SHORT.eval_episodes))


def outcome(training):
    weights = [p.detach().numpy() for p in training.agent.actor.parameters()]
    return [*weights, *training.history.returns, training.agent.replay.rows[:, :420].numpy()]


def test_the_loop_alone_is_what_train_runs():
    loop = training()
    evaluated = [loop.step for due in loop.steps() if due]
    assert evaluated == [0, 200, 400, 420]
    run = train("Pendulum-v1", SHORT, seeds=[3, 1], progress=False)
    np.testing.assert_array_equal(np.stack(loop.history.returns, axis=1), run.returns)
    assert loop.history.episodes == run.episodes


def test_a_training_goes_on_from_its_state_to_the_bit():
    whole, first, second = training(), training(), training()
    for _ in whole.steps():
        pass
    for _ in first.steps():
        if first.step == 250:
            break
    second.load_state_dict(copy.deepcopy(first.state_dict()))
    assert second.step == 250
    for _ in second.steps():
        pass
    for one, other in zip(outcome(whole), outcome(second), strict=True):
        np.testing.assert_array_equal(one, other)
    assert whole.history.episodes == second.history.episodes


def test_the_record_of_a_run():
    seen = []
    run = train(
        "Pendulum-v1",
        SHORT,
        seeds=[0, 1, 2],
        progress=False,
        on_evaluation=lambda run: seen.append((run.step, run.agent.updates)),
    )
    np.testing.assert_array_equal(run.steps, [0, 200, 400, 420])
    assert seen == [(0, 0), (200, 0), (400, 200), (420, 220)]
    assert run.returns.shape == (3, 4, 2)
    np.testing.assert_allclose(run.curves, run.returns.mean(2))
    assert [[step for step, _ in agent] for agent in run.episodes] == [[200, 400]] * 3
    assert np.isnan(run.metrics["q"][:, :2]).all()
    assert np.isfinite(run.metrics["q"][:, 2:]).all()
    final = run.curves[:, -1]
    low, high = bootstrap_interval(final)
    summary = run.summary()
    assert f"{iqm(final):.1f}" in summary
    assert f"{low:.1f} to {high:.1f}" in summary
    for seed, value in zip(run.seeds, final, strict=True):
        assert f"seed {seed}: {value:.1f}" in summary


def test_training_returns_are_the_sum_of_stored_rewards():
    run = train("Pendulum-v1", SHORT, seeds=[0], progress=False)
    rewards = run.agent.replay.rows[0, :400, 4].numpy() / SHORT.reward_scale
    for (_, value), part in zip(run.episodes[0], (rewards[:200], rewards[200:]), strict=True):
        assert value == pytest.approx(part.sum(), rel=1e-4)


def test_evaluation_equals_a_plain_loop():
    agent = DDPG(3, [-2.0], [2.0], Config(hidden=(8, 8), final_init=0.5), seeds=(4, 5))
    returns = evaluate(agent, "Pendulum-v1", episodes=3)
    assert returns.shape == (2, 3)
    env = gym.make("Pendulum-v1")
    for i in range(2):
        for k in range(3):
            obs, _ = env.reset(seed=EVALUATION_SEED + k)
            total, over = 0.0, False
            while not over:
                both = np.stack([obs, obs])
                obs, reward, terminated, truncated, _ = env.step(agent.act(both)[i])
                total += reward
                over = terminated or truncated
            assert returns[i, k] == pytest.approx(total, rel=1e-3)


def test_evaluation_does_not_disturb_training():
    often = train("Pendulum-v1", SHORT, seeds=[0], eval_every=50, progress=False)
    seldom = train("Pendulum-v1", SHORT, seeds=[0], eval_every=420, progress=False)
    np.testing.assert_array_equal(often.returns[:, -1], seldom.returns[:, -1])


@pytest.mark.parametrize("seeds", [[], [1, 1], [-1]])
def test_impossible_seeds_are_refused(seeds):
    with pytest.raises(ValueError, match="seed"):
        train("Pendulum-v1", SHORT, seeds=seeds, progress=False)


def test_an_unknown_hyperparameter_is_refused_before_the_first_step():
    with pytest.raises(ValueError, match="did you mean gamma"):
        train("Pendulum-v1", SHORT, gama=0.9)


def test_the_progress_bar_leaves_nothing_behind(capsys):
    train("Pendulum-v1", SHORT, seeds=[0])
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "step" in captured.err
    assert captured.err.split("\r")[-1].strip() == ""


@pytest.mark.slow
def test_eight_agents_learn_to_swing_up_and_hold():
    """Untrained policies reach about -1100; a policy that swings up reaches better than -250."""
    run = train(
        "Pendulum-v1", "pendulum", seeds=range(8), steps=7_000, eval_every=7_000, progress=False
    )
    assert run.curves[:, 0].max() < -800
    assert iqm(run.curves[:, -1]) > -250


def test_a_run_can_begin_with_trained_networks():
    """They act from the first step, in the warm-up too, and their targets come along."""
    config = Config(
        hidden=(8,), buffer_size=100, batch_size=4, sigma=0.0, warmup_steps=20, steps=21,
        eval_every=21, eval_episodes=1,
    )  # fmt: skip
    trained = DDPG(3, [-2.0], [2.0], config, seeds=(5,))
    with torch.no_grad():
        trained.actor.layers[-1].bias.fill_(0.3)
        trained.critic_target.layers[-1].bias.fill_(7.0)
    seen = {}

    def look(run):
        agent = run.agent
        seen[run.step] = (agent.act(np.ones((1, 3))), agent.critic_target.layers[-1].bias.item())

    run = train(
        "Pendulum-v1", config, seeds=(1,), start=trained, progress=False, on_evaluation=look
    )
    np.testing.assert_array_equal(seen[0][0], trained.act(np.ones((1, 3))))
    assert seen[0][1] == 7.0
    # Without noise, what it did in the warm-up is what the trained actor does.
    obs, action = (run.agent.replay.rows[0, :20, part] for part in (slice(0, 3), slice(3, 4)))
    np.testing.assert_allclose(2 * action[None], trained.act(obs[None].numpy()), atol=1e-6)


def test_trained_networks_must_fit():
    config = Config(hidden=(8,), warmup_steps=20, steps=21, eval_every=21)
    other = DDPG(3, [-2.0], [2.0], Config(hidden=(9,)), seeds=(5,))
    with pytest.raises(ValueError, match="another critic"):
        train("Pendulum-v1", config, start=other, progress=False)


def test_any_policy_is_evaluated_on_the_same_starts():
    config = Config(hidden=(8,))
    agent = DDPG(3, [-2.0], [2.0], config, seeds=(5,))
    mine = evaluate(agent, "Pendulum-v1", episodes=3)
    again = evaluate_policy(lambda obs: agent.act(obs[None])[0], "Pendulum-v1", episodes=3)
    np.testing.assert_allclose(again, mine[0], rtol=1e-5)


def test_pictures_need_no_screen(monkeypatch):
    """What somebody has said about the renderers stands; what nobody has said is set."""
    monkeypatch.setenv("SDL_VIDEODRIVER", "x11")
    monkeypatch.delenv("MUJOCO_GL", raising=False)
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    for present, chosen in (({"EGL", "OSMesa"}, "egl"), ({"OSMesa"}, "osmesa"), (set(), "off")):
        monkeypatch.setattr(pixels, "find_library", lambda name, known=present: name in known)
        monkeypatch.delenv("MUJOCO_GL", raising=False)
        pixels.without_screen()
        assert (os.environ["SDL_VIDEODRIVER"], os.environ["MUJOCO_GL"]) == ("x11", chosen)
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.delenv("MUJOCO_GL")
    monkeypatch.delenv("SDL_VIDEODRIVER")
    pixels.without_screen()
    assert os.environ["SDL_VIDEODRIVER"] == "dummy"
    assert "MUJOCO_GL" not in os.environ
