"""Seven wrong gradients, each of one line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ddpg_lib.chapters.ch10.twins import minibatch, twins
from ddpg_lib.recipes import recipe

Array = NDArray[Any]
Slope = Callable[[Array], Array]


def wrong_gradients() -> dict[str, tuple[Array, Array]]:
    """``{mistake: (gradient, right)}``: the gradient with a mistake, and the right one.

    The networks are small, in float64, and with last layers so large that some actions are near
    the bounds.
    """
    config = recipe("pendulum", hidden=(16, 12), final_init=2.0)
    _, agent = twins(config)
    s, a, r, s2, d = minibatch()
    actor, critic, n = agent.actor, agent.critic, len(s)
    next_q = agent.critic_target.forward(s2, agent.actor_target.forward(s2))
    y = r + config.gamma * (1 - d) * next_q

    def of_critic(seed: Array, slope: Slope | None = None) -> Array:
        """The critic's gradient from a derivative in Q."""
        kept = critic.functions
        if slope:
            critic.functions = [kept[0], (np.tanh, slope), kept[2]]
        critic.forward(s, a)
        critic.backward(seed)
        critic.functions = kept
        return critic.gradient()

    def of_actor(
        action: Array | None = None, slope: Slope | None = None, between: Array | None = None
    ) -> Array:
        """The actor's gradient, perhaps with one mistake in it."""
        kept = actor.functions
        if slope:
            actor.functions = [*kept[:-1], (np.tanh, slope)]
        policy = actor.forward(s)
        q = critic.forward(s, policy if action is None else action)
        dq_da = critic.backward(np.ones_like(q))
        if between is not None:
            actor.forward(between)
        actor.backward(-dq_da / n)
        actor.functions = kept
        return actor.gradient()

    q = critic.forward(s, a)
    right = {"critic": of_critic(2 * (q - y) / n), "actor": of_actor()}
    lost_axis = 2 * (q - y[:, 0]).mean(axis=1, keepdims=True) / n
    wrong = {
        "critic: 2/N forgotten": of_critic(q - y),
        "critic: y - Q instead of Q - y": of_critic(2 * (y - q) / n),
        "critic: y of shape (N,)": of_critic(lost_axis),
        "critic: a hidden slope forgotten": of_critic(2 * (q - y) / n, slope=np.ones_like),
        "actor: dQ/da at the stored action": of_actor(action=a),
        "actor: the output's slope forgotten": of_actor(slope=np.ones_like),
        "actor: another forward pass between": of_actor(between=s2),
    }
    return {name: (g, right[name.split(":")[0]]) for name, g in wrong.items()}
