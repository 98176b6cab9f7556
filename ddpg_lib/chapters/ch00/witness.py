"""A small world that writes down what a program does in it: chapter 0's last exercise."""

from __future__ import annotations

import functools
import traceback
from collections.abc import Callable
from typing import Any

import gymnasium as gym
import numpy as np
import torch
from torch import Tensor, nn

from ddpg_lib.chapters.ch00.loop import MISTAKES, Array, Given, program

STEPS, WARMUP = 60, 30
SEED = 5
Program = Callable[..., Any]


class SlopeWorld(gym.Env[Array, Array]):
    """A point that is pushed along a slope; it may fall off, and the clock stops it after 7 steps.

    Its actions reach from -1 to 3, so that units show.
    """

    observation_space = gym.spaces.Box(-np.inf, np.inf, (2,))
    action_space = gym.spaces.Box(-1.0, 3.0, (1,))

    def __init__(self) -> None:
        self.rng = np.random.default_rng(SEED)
        self.running = False
        self.starts: list[Array] = []
        self.steps: list[tuple[Array, Array, float, Array, bool, bool]] = []

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Array, dict[str, Any]]:
        """Begin an episode: ``(state, {})``.

        ``seed`` and ``options`` are of no account, so that all programs see one world.
        """
        self.clock, self.running = 0, True
        self.state = self.rng.uniform(-0.5, 0.5, 2).astype(np.float32)
        self.starts.append(self.state.copy())
        return self.state.copy(), {}

    def step(self, action: Array) -> tuple[Array, float, bool, bool, dict[str, Any]]:
        """Push once with an ``action``: ``(s, r, terminated, truncated, {})``.

        Raises
        ------
        RuntimeError
            If the episode has ended, or if the action has another shape.
        """
        if not self.running:
            raise RuntimeError("step() was called after an episode had ended: reset() comes first")
        a = np.asarray(action, np.float32)
        if a.shape != (1,):
            raise RuntimeError(f"step() was given an action of shape {a.shape}; it should be (1,)")
        before = self.state.copy()
        push = float(np.clip(a[0], -1, 3)) - 1
        noise = 0.1 * self.rng.standard_normal(2)
        self.state = (0.8 * before + [0.5 * push, 0.3 * before[0]] + noise).astype(np.float32)
        self.clock += 1
        r = float(1.0 - self.state @ self.state - 0.1 * push**2)
        terminated = bool(abs(self.state[0]) > 0.9)
        truncated = self.clock >= 7 and not terminated
        self.running = not (terminated or truncated)
        self.steps.append((before, a.copy(), r, self.state.copy(), terminated, truncated))
        return self.state.copy(), r, terminated, truncated, {}


class Notebook:
    """A replay buffer that keeps everything, and counts how often it is asked."""

    def __init__(self) -> None:
        self.rng = np.random.default_rng(SEED)
        self.rows: list[tuple[Array, Array, float, Array, float]] = []
        self.samples = 0

    def store(self, s: Any, a: Any, r: Any, s_next: Any, d: Any) -> None:
        """Keep a transition: ``s``, ``a``, ``r``, ``s_next`` and ``d``.

        Raises
        ------
        ValueError
            If a shape is another.
        """
        shapes = [np.shape(np.asarray(x)) for x in (s, a, s_next)]
        if shapes != [(2,), (1,), (2,)] or np.size(r) != 1 or np.size(d) != 1:
            raise ValueError(
                "store(s, a, r, s_next, d) takes shapes (2,), (1,), a number, (2,), a number; "
                f"got {shapes[0]}, {shapes[1]}, {np.shape(r)}, {shapes[2]}, {np.shape(d)}"
            )
        row = [np.array(x, np.float32) for x in (s, a, s_next)]
        self.rows.append((row[0], row[1], float(r), row[2], float(d)))

    def sample(self, n: int) -> tuple[Tensor, ...]:
        """A minibatch ``(s, a, r, s_next, d)`` of tensors ``(n, .)``."""
        self.samples += 1
        drawn = [self.rows[i] for i in self.rng.integers(len(self.rows), size=n)]
        columns = (np.stack([np.atleast_1d(row[k]) for row in drawn]) for k in range(5))
        return tuple(torch.as_tensor(x.astype(np.float32)) for x in columns)


class ToyCritic(nn.Module):
    """Q(s, a) of one hidden layer."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(3, 16), nn.Tanh(), nn.Linear(16, 1))

    def forward(self, s: Tensor, a: Tensor) -> Tensor:
        """Values ``(n, 1)`` of ``s`` ``(n, 2)`` and ``a`` ``(n, 1)``."""
        return self.net(torch.cat([s, a], dim=-1))


class Trial:
    """One program, ``run(env, actor, critic, replay, c)``, and all that it did in its world."""

    def __init__(self, run: Program) -> None:
        self.env, self.replay = SlopeWorld(), Notebook()
        self.noises: list[Array] = []
        self.randoms: list[Array] = []
        rng = np.random.default_rng(SEED + 1)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(SEED)
            self.actor = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 1), nn.Tanh())
            self.critic = ToyCritic()
        self.before = self.weights()

        def noise() -> Array:
            self.noises.append((0.5 * rng.standard_normal(1)).astype(np.float32))
            return self.noises[-1].copy()

        def random_action() -> Array:
            self.randoms.append(rng.uniform(-1, 1, 1).astype(np.float32))
            return self.randoms[-1].copy()

        self.settings = Given(
            steps=STEPS, warmup=WARMUP, batch_size=16, gamma=0.9, tau=0.1,
            actor_lr=0.01, critic_lr=0.02, noise=noise, random_action=random_action,
        )  # fmt: skip
        run(self.env, self.actor, self.critic, self.replay, self.settings)

    def weights(self) -> list[Tensor]:
        """``[actor's..., critic's...]``: all weights as they are."""
        both = [*self.actor.parameters(), *self.critic.parameters()]
        return [w.detach().clone() for w in both]

    def ends_as(self, mistake: str) -> bool:
        """Whether it ends with the weights that Algorithm 1 with a mistake ends with."""
        pairs = zip(self.weights(), weights_after(mistake), strict=True)
        return all(torch.allclose(mine, theirs, atol=1e-4, rtol=0) for mine, theirs in pairs)


@functools.cache
def weights_after(mistake: str) -> list[Tensor]:
    """What :func:`~ddpg_lib.chapters.ch00.loop.program` ends with."""
    return Trial(functools.partial(program, mistake=mistake)).weights()


def judge(answer: Program) -> str:
    """Run ``answer`` and say what is missing, or nothing if it is Algorithm 1."""
    try:
        trial = Trial(answer)
    except Exception as error:
        frames = traceback.extract_tb(error.__traceback__)
        own = [f for f in frames if "ddpg_lib" not in f.filename]
        where = f" (line {own[-1].lineno} of your cell)" if own else ""
        return f"{type(error).__name__}{where}: {error}."
    # The most basic first: what is stored wrongly is learned wrongly.
    for look in (_actions, _exploration, _storage, _updates, _weights):
        if complaint := look(trial):
            return complaint
    return ""


def _actions(trial: Trial) -> str:
    taken, c = trial.env.steps, trial.settings
    if len(taken) != c.steps:
        return f"it took {len(taken)} steps in the environment; c.steps is {c.steps}."
    sent = np.array([step[1][0] for step in taken])
    raw = np.array([x[0] for x in trial.randoms])
    if len(raw) and np.allclose(sent[: len(raw)], raw):
        return (
            "actions were sent in the actor's units, -1 to 1; the environment's reach from -1 to "
            "3. Scale them: center + half_range * a."
        )
    if sent.min() < -1 - 1e-5 or sent.max() > 3 + 1e-5:
        return "an action left the bounds: clip the actor's action plus noise to -1 and 1, (0.1)."
    return ""


def _exploration(trial: Trial) -> str:
    c = trial.settings
    if not trial.randoms:
        return "there is no warm-up: the first c.warmup actions should be c.random_action()."
    if len(trial.randoms) != c.warmup:
        return f"it took {len(trial.randoms)} random actions; c.warmup is {c.warmup}."
    if not trial.noises:
        return "after the warm-up the actor acts without noise: (0.1) adds c.noise()."
    if len(trial.noises) != c.steps - c.warmup:
        return (
            f"it drew noise {len(trial.noises)} times; each of the {c.steps - c.warmup} steps "
            "after the warm-up needs one draw."
        )
    return ""


def _storage(trial: Trial) -> str:
    taken, rows = trial.env.steps, trial.replay.rows
    if len(rows) != len(taken):
        return f"it stored {len(rows)} transitions of {len(taken)} steps: store every one."
    s, a, r, s_next, d = (np.array([row[k] for row in rows]).squeeze() for k in range(5))
    truth = [np.array([step[k] for step in taken]).squeeze() for k in range(6)]
    ended = (truth[4] | truth[5]).astype(bool)
    if not np.allclose(s, truth[0], atol=1e-5):
        return (
            "a stored s is not the state in which the action was taken: after each step, and after "
            "each reset, s must become the new state, and not before the old one is stored."
        )
    starts = np.array(trial.env.starts[1:])[: ended.sum()]
    fresh = s_next[ended][: len(starts)]
    if len(starts) and np.allclose(fresh, starts, atol=1e-5):
        return (
            "where an episode ended, the stored s' is the next episode's first state: store before "
            "the reset."
        )
    if not np.allclose(s_next, truth[3], atol=1e-5):
        return "a stored s' is not the state that followed the action."
    if np.allclose(a, truth[1], atol=1e-5):
        return (
            "the stored actions are in the environment's units; the critic is later asked about "
            "the actor's own, from -1 to 1. Store those."
        )
    if not np.allclose(1 + 2 * a, truth[1], atol=1e-4):
        return "a stored action is not the one that was taken, noise included."
    if not np.allclose(r, truth[2], atol=1e-4):
        return "a stored reward is not the one that the step returned."
    if np.array_equal(d.astype(bool), ended) and not np.array_equal(ended, truth[4]):
        return (
            "an episode that the time limit cut off was stored as an end: d is terminated, not "
            "terminated or truncated."
        )
    if not d.any():
        return "no end was stored: d should be 1 where the step returned terminated."
    if not np.array_equal(d.astype(bool), truth[4].astype(bool)):
        return "a stored d is not what the step returned as terminated."
    return ""


def _updates(trial: Trial) -> str:
    c, samples = trial.settings, trial.replay.samples
    due = c.steps - c.warmup
    if samples != due:
        return (
            f"it sampled {samples} minibatches; Algorithm 1 takes one for each of the {due} steps "
            "after the warm-up."
        )
    split = len(list(trial.actor.parameters()))
    for name, part in (("actor", slice(split)), ("critic", slice(split, None))):
        pairs = zip(trial.before[part], trial.weights()[part], strict=True)
        if all(torch.equal(before, after) for before, after in pairs):
            return f"the {name}'s weights never changed."
    return ""


def _weights(trial: Trial) -> str:
    if trial.ends_as(""):
        return ""
    for mistake, text in MISTAKES.items():
        if trial.ends_as(mistake):
            return text
    return (
        "the loop is right, but the networks end elsewhere than with Algorithm 1: compare your "
        "update with (0.2) to (0.6), with Adam at c.actor_lr and c.critic_lr."
    )
