"""DDPG (Lillicrap et al. 2016, Algorithm 1) for one agent, with NumPy alone, gradients by hand.

The steps are those of this project's NumPy-only source, the numbers those of :mod:`ddpg_lib.ddpg`.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray

Array = NDArray[Any]
Function = Callable[[Array], Array]
OnStep = Callable[[int, "NumpyDDPG"], None]
ACTIVATIONS: dict[str, tuple[Function, Function]] = {  # f(z); f'(z) in h = f(z)
    "relu": (lambda z: np.maximum(z, 0), lambda h: h > 0),
    "tanh": (np.tanh, lambda h: 1 - h * h),
    "linear": (lambda z: z, np.ones_like),
}


@dataclass(frozen=True)
class Settings:
    """Hyperparameters: fields of :class:`ddpg_lib.Config`, by default of recipe pendulum."""

    hidden: tuple[int, ...] = (64, 64)
    activation: str = "tanh"
    action_layer: int = 0
    final_init: float = 3e-3
    gamma: float = 0.99
    reward_scale: float = 0.1
    tau: float = 0.005
    actor_lr: float = 5e-4
    critic_lr: float = 1e-3
    lr_decay: bool = True
    batch_size: int = 64
    buffer_size: int = 20_000
    noise: str = "gaussian"  # or "decaying", as 1/(1 + i + j) in step j of episode i
    sigma: float = 0.2
    warmup_steps: int = 2_000
    steps: int = 12_000
    dtype: str = "float32"  # of all arrays; "float64" to check gradients

    def __post_init__(self) -> None:
        if self.activation not in ("relu", "tanh") or self.noise not in ("gaussian", "decaying"):
            raise ValueError("activation must be relu or tanh, and noise gaussian or decaying")
        if not (0 <= self.action_layer <= len(self.hidden) and 1 <= self.warmup_steps < self.steps):
            raise ValueError("needed: 0 <= action_layer <= len(hidden), 1 <= warmup_steps < steps")


class Network:
    """A multilayer perceptron: z = x W + b and h = f(z) in each layer, one row a transition.

    ``sizes`` are the widths, observation first. A critic (``action_dim`` > 0) takes in the action
    at ``action_layer`` and has a linear output; an actor's goes through tanh.
    """

    def __init__(self, rng: Generator, sizes: list[int], c: Settings, action_dim: int = 0) -> None:
        names = [c.activation] * len(c.hidden) + ["linear" if action_dim else "tanh"]
        self.functions = [ACTIVATIONS[name] for name in names]
        self.sizes, self.action_layer = sizes, c.action_layer
        self.parts: list[tuple[slice, tuple[int, int]]] = []
        self.theta: Array = np.empty(0)  # all weights and biases in one vector
        for i, outputs in enumerate(sizes[1:]):
            inputs = sizes[i] + action_dim * (i == c.action_layer)
            bound = c.final_init if i == len(sizes) - 2 else inputs**-0.5
            for shape in ((inputs, outputs), (1, outputs)):
                drawn = np.append(self.theta, rng.uniform(-bound, bound, shape))
                self.parts.append((slice(self.theta.size, drawn.size), shape))
                self.theta = drawn
        self.theta = self.theta.astype(c.dtype)

    @property
    def weights(self) -> list[Array]:
        """Views of ``theta``: W (inputs, outputs), b (1, outputs), ..., as torch orders them."""
        return [self.theta[part].reshape(shape) for part, shape in self.parts]

    def forward(self, x: Array, action: Array | None = None) -> Array:
        """Map ``(batch, obs_dim)``, and ``(batch, action_dim)``, to ``(batch, outputs)``."""
        self.inputs, self.outputs = [], []  # x and h of each layer, kept for the way back
        weights = self.weights
        for i, (f, _) in enumerate(self.functions):
            if action is not None and i == self.action_layer:
                x = np.concatenate((x, action), axis=1)
            self.inputs.append(x)
            x = f(x @ weights[2 * i] + weights[2 * i + 1])
            self.outputs.append(x)
        return x

    def backward(self, grad: Array) -> Array:
        """From dL/doutput, ``(batch, outputs)``, to dL/daction, ``(batch, action_dim)``."""
        self.deltas: list[Array] = []  # dL/dz of each layer, kept for the gradient
        weights = self.weights
        for i, (_, slope) in reversed(list(enumerate(self.functions))):
            delta = grad * slope(self.outputs[i])
            self.deltas.insert(0, delta)
            grad = delta @ weights[2 * i].T  # dL/dx: of its input, the output below
            if i == self.action_layer:  # what joined in the forward pass parts here
                grad, action_gradient = grad[:, : self.sizes[i]], grad[:, self.sizes[i] :]
        return action_gradient

    def gradient(self) -> Array:
        """The gradient dL/dtheta, one vector, after :meth:`backward`."""
        pairs = [(x.T @ d, d.sum(0)) for x, d in zip(self.inputs, self.deltas, strict=True)]
        return np.concatenate([part.ravel() for pair in pairs for part in pair])


class Adam:
    """Adam (Kingma and Ba 2015, Algorithm 1) on a vector of weights, in place."""

    def __init__(self, theta: Array, lr: float) -> None:
        self.theta, self.lr, self.t = theta, lr, 0
        self.m, self.v = np.zeros_like(theta), np.zeros_like(theta)

    def step(self, g: Array, eps: float = 1e-8) -> None:
        """One step down the gradient ``g``."""
        beta1, beta2, self.t = 0.9, 0.999, self.t + 1
        self.m += (1 - beta1) * (g - self.m)
        self.v += (1 - beta2) * (g * g - self.v)
        m_hat, v_hat = self.m / (1 - beta1**self.t), self.v / (1 - beta2**self.t)
        self.theta -= self.lr * m_hat / (np.sqrt(v_hat) + eps)


class NumpyDDPG:
    """DDPG for one agent: actions ``(action_dim,)`` from ``low`` to ``high``, inside -1 to 1."""

    def __init__(self, obs_dim: int, low: ArrayLike, high: ArrayLike, c: Settings, seed: int = 0):
        self.settings, self.stored = c, 0  # transitions ever
        names = ("actor", "critic", "replay", "noise", "warmup")
        self.rngs = {name: np.random.default_rng([seed, i]) for i, name in enumerate(names)}
        self.low, self.high, k = np.asarray(low, c.dtype), np.asarray(high, c.dtype), np.size(low)
        self.center, self.half_range = (self.high + self.low) / 2, (self.high - self.low) / 2
        self.actor = Network(self.rngs["actor"], [obs_dim, *c.hidden, k], c)
        self.critic = Network(self.rngs["critic"], [obs_dim, *c.hidden, 1], c, action_dim=k)
        self.actor_target, self.critic_target = copy.deepcopy((self.actor, self.critic))
        self.actor_adam = Adam(self.actor.theta, c.actor_lr)
        self.critic_adam = Adam(self.critic.theta, c.critic_lr)
        self.ends = np.cumsum([obs_dim, k, 1, obs_dim])  # of s, a, r, s' in a row [s, a, r, s', d]
        self.rows: Array = np.empty((c.buffer_size, 2 * obs_dim + k + 2), c.dtype)
        self.episodes: list[tuple[int, float]] = []  # last step; return, noise included

    def load(self, stack: Any, i: int = 0) -> None:
        """Copy in the four networks of agent ``i`` of a :class:`ddpg_lib.DDPG` set up alike."""
        c, mine = vars(stack) | vars(stack.config), vars(self) | vars(self.settings)
        odd = [x for x in ("hidden", "activation", "action_layer") if c[x] != mine[x]]
        odd += [x for x in ("layer_norm", "batch_norm") if c[x] != "none"]
        odd += [x for x in ("normalize_obs", "invert_gradients") if c[x]]
        odd += [x for x in ("center", "half_range") if not np.allclose(c[x], mine[x])]
        if odd:
            raise ValueError(
                f"NumpyDDPG so set up cannot represent {', '.join(odd)}; ddpg_lib.save_policy can"
            )
        for name in ("actor", "critic", "actor_target", "critic_target"):
            parameters = getattr(stack, name).parameters()
            for own, p in zip(getattr(self, name).weights, parameters, strict=True):
                own.reshape(-1)[:] = p[i].detach().cpu().numpy().ravel()  # nothing broadcasts

    def act(self, obs: ArrayLike) -> Array:
        """The policy's actions: ``(..., obs_dim)`` to ``(..., action_dim)``."""
        x = np.asarray(obs, self.rows.dtype)
        scaled = self.actor.forward(x.reshape(-1, x.shape[-1]))
        return self.center + self.half_range * scaled.reshape(*x.shape[:-1], -1)

    def explore(self, obs: ArrayLike, j: int = 0) -> Array:
        """The policy's action with noise, in step ``j`` of the episode that runs."""
        noise = self.settings.sigma * self.rngs["noise"].standard_normal(self.center.size)
        if self.settings.noise == "decaying":
            noise /= 1 + len(self.episodes) + j
        noisy = self.act(obs) + self.half_range * noise.astype(self.rows.dtype)
        return np.clip(noisy, self.low, self.high)

    def random(self) -> Array:
        """A uniformly random action, for the warm-up."""
        scaled = self.rngs["warmup"].uniform(-1, 1, self.center.size)
        return (self.center + self.half_range * scaled).astype(self.rows.dtype)

    def remember(self, s: Array, a: Array, r: float, s2: Array, terminated: bool) -> None:
        """Store a transition, over the oldest when the buffer is full."""
        scaled, reward = (a - self.center) / self.half_range, self.settings.reward_scale * r
        row = np.concatenate((s, scaled, [reward], s2, [terminated]))
        if not np.isfinite(row).all():
            raise ValueError(f"transition {self.stored} has a NaN or an infinity: {row}")
        self.rows[self.stored % len(self.rows)] = row
        self.stored += 1

    def sample(self) -> list[Array]:
        """A random minibatch s, a, r, s', d, each ``(batch, its size)``."""
        held = min(self.stored, len(self.rows))
        drawn = self.rngs["replay"].integers(held, size=self.settings.batch_size)
        return np.split(self.rows[drawn], self.ends, axis=1)

    def update(self) -> dict[str, float]:
        """Steps 3 (sampling) to 7; returns what :meth:`ddpg_lib.DDPG.update` does, as numbers."""
        c = self.settings
        # Step 3: sample from the replay buffer.
        s, a, r, s2, d = self.sample()

        # Step 4: set y = r + gamma (1 - d) Q'(s', mu'(s')).
        next_q = self.critic_target.forward(s2, self.actor_target.forward(s2))
        y = r + c.gamma * (1 - d) * next_q

        # Step 5: update the critic down the gradient of its loss, the mean of (y - Q(s, a))^2.
        q = self.critic.forward(s, a)
        self.critic.backward(2 * (q - y) / len(q))
        self.critic_adam.step(self.critic.gradient())

        # Step 6: update the actor up the mean of dQ/da dmu/dtheta, at a = mu(s).
        q_policy = self.critic.forward(s, self.actor.forward(s))
        dq_da = self.critic.backward(np.ones_like(q_policy))
        self.actor.backward(-dq_da / len(dq_da))  # minus, because Adam goes down
        self.actor_adam.step(self.actor.gradient())

        # Step 7: update the target networks.
        self.critic_target.theta += c.tau * (self.critic.theta - self.critic_target.theta)
        self.actor_target.theta += c.tau * (self.actor.theta - self.actor_target.theta)
        if c.lr_decay:
            left = max(1 - self.actor_adam.t / (c.steps - c.warmup_steps), 0.0)
            self.critic_adam.lr, self.actor_adam.lr = left * c.critic_lr, left * c.actor_lr
        return {"critic_loss": np.square(y - q).mean(), "q": q_policy.mean() / c.reward_scale}


def train(env: Any, c: Settings, seed: int = 0, on_step: OnStep | None = None) -> NumpyDDPG:
    """Train on a Gymnasium-like ``env`` of vectors, or refuse; ``on_step`` is called every step."""
    low, high = (np.asarray(getattr(env.action_space, x, np.nan)) for x in ("low", "high"))
    obs_shape = env.observation_space.shape
    if len(obs_shape or ()) != 1 or low.ndim != 1 or not np.isfinite([low, high]).all():
        raise ValueError(f"observations must be vectors, actions bounded vectors; not so in {env}")
    agent = NumpyDDPG(obs_shape[0], low, high, c, seed)
    s, begun, total = np.array(env.reset(seed=seed)[0]), 0, 0.0
    for step in range(1, c.steps + 1):
        # Step 1: select an action with the current policy and exploration noise.
        a = agent.explore(s, step - 1 - begun) if step > c.warmup_steps else agent.random()
        # Step 2: execute it; observe the reward and the new state.
        s2, r, terminated, truncated, _ = env.step(a.copy())
        # Step 3: store the transition. A time limit (truncated) is not terminal.
        agent.remember(s, a, r, s2, terminated)
        s, total = np.array(s2), total + float(r)  # a copy, if the environment reuses s2
        if step > c.warmup_steps:
            agent.update()
        if terminated or truncated:
            agent.episodes.append((step, total))
            s, begun, total = np.array(env.reset()[0]), step, 0.0
        if on_step:
            on_step(step, agent)
    return agent
