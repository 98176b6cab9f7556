"""Pendulum-v1 to measure a learner against: episodes of any policy, and what each step cost.

A *policy* is a callable ``(t, observations) -> torques``, with ``t`` the step since the reset,
observations of shape (n, 3) as Gymnasium's Pendulum-v1 gives them, and torques of shape (n,) or
(n, 1).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ddpg_lib.worlds.pendulum.model import HORIZON, Array, PendulumModel
from ddpg_lib.worlds.pendulum.optimum import DiscountedPendulumOptimum, PendulumOptimum
from ddpg_lib.worlds.pendulum.policies import PendulumPolicy


@dataclass(frozen=True)
class Simulation:
    """What happened in n episodes of T steps: one row an episode.

    Attributes
    ----------
    seeds : ndarray, shape (n,)
        Seeds of the resets.
    theta, theta_dot : ndarray, shape (n, T + 1)
        States, the first at the reset, the last after the final step; angles are not wrapped.
    torques, rewards : ndarray, shape (n, T)
        Torques as applied (clipped) and rewards.
    """

    seeds: Array
    theta: Array
    theta_dot: Array
    torques: Array
    rewards: Array

    @property
    def returns(self) -> Array:
        """Undiscounted return of each episode, shape ``(n,)``."""
        return np.asarray(self.rewards.sum(axis=1))


def start_states(seeds: Iterable[int]) -> tuple[Array, Array]:
    """States in which Gymnasium's Pendulum-v1 starts after ``reset(seed=...)``, for each seed.

    Returns
    -------
    theta, theta_dot : arrays of float64, shape (n,)
        Angles in radians and angular velocities in rad/s.

    Raises
    ------
    ValueError
        If there is no seed.
    """
    import gymnasium

    environment: Any = gymnasium.make("Pendulum-v1", disable_env_checker=True).unwrapped
    states = []
    for seed in seeds:
        environment.reset(seed=int(seed))
        states.append(np.array(environment.state, dtype=np.float64))
    environment.close()
    if not states:
        raise ValueError("give at least one seed")
    theta, theta_dot = np.stack(states, axis=1)
    return theta, theta_dot


def simulate(
    policy: PendulumPolicy,
    seeds: Iterable[int],
    *,
    horizon: int = HORIZON,
    model: PendulumModel | None = None,
) -> Simulation:
    """Run a policy from seeded starts of Pendulum-v1, all episodes at once.

    The starts are Gymnasium's; the steps are ``model``'s, which equal Gymnasium's to rounding
    (returns to 1e-9) as long as the model has its default constants.

    Parameters
    ----------
    policy : callable
        ``(t, observations (n, 3)) -> torques (n,) or (n, 1)``; torques are clipped.
    seeds : iterable of int
        One seed an episode.
    horizon : int
        Steps of each episode.
    model : PendulumModel, optional
        Dynamics; by default Pendulum-v1's.

    Raises
    ------
    ValueError
        If there is no seed or no step, or if the policy's torques have another shape or are not
        finite.
    """
    if horizon != int(horizon) or horizon < 1:
        raise ValueError(f"horizon must be a whole number of at least 1, got {horizon}")
    model = PendulumModel() if model is None else model
    seeds = np.array(list(seeds))
    theta, theta_dot = start_states(seeds)
    n = len(seeds)
    angles, speeds = np.empty((n, horizon + 1)), np.empty((n, horizon + 1))
    torques, rewards = np.empty((n, horizon)), np.empty((n, horizon))
    angles[:, 0], speeds[:, 0] = theta, theta_dot
    for t in range(horizon):
        torque = np.asarray(policy(t, model.observation(theta, theta_dot)))
        if torque.shape not in ((n,), (n, 1)):
            raise ValueError(
                f"the policy must return torques of shape ({n},) or ({n}, 1) for {n} "
                f"observations, got {torque.shape}"
            )
        if not np.isfinite(torque).all():
            raise ValueError(f"the policy returned a torque that is not finite at step {t}")
        torque = np.clip(torque.reshape(n), -model.max_torque, model.max_torque)
        theta, theta_dot, rewards[:, t] = model.step(theta, theta_dot, torque)
        angles[:, t + 1], speeds[:, t + 1], torques[:, t] = theta, theta_dot, torque
    return Simulation(seeds, angles, speeds, torques, rewards)


def regret(
    optimum: PendulumOptimum | DiscountedPendulumOptimum,
    record: Simulation,
    *,
    simulated: bool = False,
) -> Array:
    """Cost of each step of a simulation against acting optimally from there on, shape (n, T).

    ``regret[t] = V*_t(s_t) - (r_t + gamma V*_{t+1}(s_{t+1}))``, which is never negative for the
    exact V*. The sum over t, discounted by ``gamma**t``, telescopes to ``V*_0(s_0)`` less the
    return and less ``gamma**T V*_T(s_T)``; the last is 0 at the end of ``PendulumOptimum``'s
    horizon. This is the performance difference of Kakade and Langford (2002) on one path.

    The grid's V* is interpolated. Where one more swing becomes necessary V* falls off a cliff,
    at any spacing, and interpolation smooths it. On the optimal policy's own episodes from
    seeds 0 to 199, whose sums should be 0, the default grid's sums have the mean -0.27, the
    median -0.03 and 80% in [-0.74, 0.00], but the few that pass by a cliff range from -56 to 67.
    The mean over many episodes is right; a single episode's regret may not be. With
    ``simulated`` V* is therefore replaced by the return that the greedy policy really reaches
    from each state, so that the sum is the return of that policy from the same start less the
    record's, to rounding. That takes a second for 100 episodes of 200 steps.

    Parameters
    ----------
    optimum : PendulumOptimum or DiscountedPendulumOptimum
        The values to measure against.
    record : Simulation
        Episodes no longer than the optimum's horizon.
    simulated : bool
        Whether to take V* from simulated episodes; for ``PendulumOptimum`` alone.

    Returns
    -------
    array, shape (n, T)
        In units of the reward.

    Raises
    ------
    ValueError
        If the episodes are longer than the optimum's horizon, or if ``simulated`` is asked for
        without one.
    """
    steps = record.rewards.shape[1]
    if simulated:
        if not isinstance(optimum, PendulumOptimum):
            raise ValueError("simulated=True needs a finite horizon: use PendulumOptimum")
        values = _simulated_values(optimum, record)
    else:
        columns = [
            optimum.value(t, record.theta[:, t], record.theta_dot[:, t]) for t in range(steps + 1)
        ]
        values = np.stack(columns, axis=1)
    return np.asarray(values[:, :-1] - record.rewards - optimum.gamma * values[:, 1:])


def _simulated_values(optimum: PendulumOptimum, record: Simulation) -> Array:
    """Return of the greedy policy from each state of a record to the horizon, (n, T + 1)."""
    count, states = record.theta.shape
    if states - 1 > optimum.horizon:
        raise ValueError(
            f"the episodes have {states - 1} steps, the optimum {optimum.horizon}: solve a "
            "longer horizon"
        )
    model = optimum.grid.model
    # One batch that grows: at step t the record's states of step t join those under way.
    theta, theta_dot, returns = np.empty(0), np.empty(0), np.zeros(count * states)
    for t in range(optimum.horizon):
        if t < states:
            theta = np.concatenate([theta, record.theta[:, t]])
            theta_dot = np.concatenate([theta_dot, record.theta_dot[:, t]])
        torque = optimum(t, model.observation(theta, theta_dot))
        theta, theta_dot, reward = model.step(theta, theta_dot, torque)
        returns[: len(reward)] += reward
    return np.asarray(returns.reshape(states, count).T)
