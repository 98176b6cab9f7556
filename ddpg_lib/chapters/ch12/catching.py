"""The tests that catch the museum's bugs: each asserts of an agent what is true of a right one.

Each takes the class of an agent, raises an ``AssertionError`` if the bug is there, and needs no
training, or a second of it. In a program of one's own the same few lines are a pytest.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ddpg_lib.chapters.ch06.faults import seams
from ddpg_lib.ddpg import DDPG
from ddpg_lib.parts.losses import critic_loss, td_target
from ddpg_lib.parts.replay import Batch
from ddpg_lib.recipes import recipe
from ddpg_lib.runs.session import train

Agent = Callable[..., DDPG]
LIMIT = 200  # steps of an episode of Pendulum-v1


def made(agent: Agent, **changes: Any) -> DDPG:
    """A stack of two small agents for three observations and a torque of up to 2.

    ``agent`` is its class; ``changes`` are to its settings.
    """
    settings: dict[str, Any] = {"hidden": (16, 16), "batch_size": 32, "final_init": 0.3} | changes
    return agent(3, [-2.0], [2.0], recipe("pendulum", **settings), (0, 1))


@functools.cache
def lived(agent: Agent) -> DDPG:
    """Two agents after two episodes of Pendulum-v1 and a bit, nearly all at random.

    ``agent`` is its class.
    """
    plan: dict[str, Any] = {
        "steps": 2 * LIMIT + 30,
        "warmup_steps": 2 * LIMIT + 10,
        "eval_episodes": 1,
    }
    settings: dict[str, Any] = {"hidden": (16, 16), "batch_size": 32, **plan}
    return train("Pendulum-v1", "pendulum", (0, 1), agent=agent, progress=False, **settings).agent


def minibatch(size: int = 32, **fields: float) -> Batch:
    """Random transitions of two agents; a field that is named has this value in all of them."""
    rng = np.random.default_rng(0)

    def drawn(*shape: int) -> Tensor:
        return torch.tensor(rng.normal(size=(2, size, *shape)), dtype=torch.float32)

    obs, action, reward, next_obs = drawn(3), drawn(1).clamp(-1, 1), drawn(), drawn(3)
    batch = Batch(obs, action, reward, next_obs, torch.zeros(2, size), torch.full((2, size), 0.99))
    same = {name: torch.full((2, size), value) for name, value in fields.items()}
    return batch._replace(**same)


def weights(network: torch.nn.Module) -> Tensor:
    """A copy of all weights, ``(n, weights)``."""
    return torch.cat([p.detach().flatten(1) for p in network.parameters()], dim=1)


def critic_after(agent: Agent, **fields: Any) -> Tensor:
    """A new critic's weights, ``(n, weights)``, after one update with a :func:`minibatch`.

    ``agent`` is its class; ``fields`` are those of the minibatch.
    """
    stack = made(agent)
    stack.learn(minibatch(**fields))
    return weights(stack.critic)


def states_follow_each_other(agent: Agent) -> None:
    """Within an episode the next state of a row is the state of the next row.

    ``agent`` is its class.
    """
    gap, _ = seams(lived(agent).replay)
    assert (gap > 0).sum(axis=1).max() <= 2, "rows do not follow each other inside an episode"


def time_passes(agent: Agent) -> None:
    """The two states of a row differ.

    ``agent`` is its class.
    """
    _, jump = seams(lived(agent).replay)
    assert (jump > 0).mean() > 0.9, "s and s' are one array"


def episodes_end(agent: Agent) -> None:
    """Where an episode ended, the next row does not begin where this one led.

    ``agent`` is its class.
    """
    gap, _ = seams(lived(agent).replay)
    assert (gap > 0).sum(axis=1).min() >= 2, "the last s' of an episode is the next one's first s"


def a_limit_is_no_end(agent: Agent) -> None:
    """The pendulum never terminates, so no row may say so.

    ``agent`` is its class.
    """
    batch = lived(agent).replay.sample(1_000)
    assert batch.terminated.max() == 0, "a time limit is stored as d = 1"


def actions_reach_the_bounds(agent: Agent) -> None:
    """Random actions span the environment's whole range.

    ``agent`` is its class.
    """
    stack = made(agent)
    largest = np.abs([stack.random() for _ in range(500)]).max()
    assert largest > 1.9, f"of a torque of up to 2 only {largest:.2f} is ever given"


def stored_actions_are_scaled(agent: Agent) -> None:
    """What is stored is in the units in which the actor speaks.

    ``agent`` is its class.
    """
    largest = lived(agent).replay.sample(1_000).action.abs().max()
    assert largest <= 1, f"the actor says -1 to 1, and {largest:.1f} is stored"


def rewards_keep_their_size(agent: Agent) -> None:
    """A reward five times as large is stored five times as large.

    ``agent`` is its class.
    """
    stack = made(agent)
    for reward in (-1.0, -5.0):
        stack.remember(np.zeros((2, 3)), np.zeros((2, 1)), [reward] * 2, np.zeros((2, 3)), [0, 0])
    rewards = stack.replay.rows[0, :2, 4]
    assert abs(float(rewards[1] / rewards[0]) - 5) < 1e-4, "rewards of 1 and 5 are stored alike"


def a_state_is_stored_alike(agent: Agent) -> None:
    """One observation, stored now and a hundred steps later, makes the same row.

    ``agent`` is its class.
    """
    stack, rng = made(agent), np.random.default_rng(0)

    def store(obs: Any) -> Tensor:
        stack.remember(obs, np.zeros((2, 1)), np.zeros(2), obs, np.zeros(2))
        return stack.replay.rows[:, stack.replay.count - 1].clone()

    for _ in range(5):
        store(rng.normal(size=(2, 3)))
    early = store(np.ones((2, 3)))
    for _ in range(100):
        store(rng.normal(3, 2, size=(2, 3)))
    assert torch.equal(early, store(np.ones((2, 3)))), "old rows are on another scale than new ones"


def rewards_count(agent: Agent) -> None:
    """Other rewards, other weights.

    ``agent`` is its class.
    """
    low, high = (critic_after(agent, reward=r) for r in (-1.0, 1.0))
    assert not torch.equal(low, high), "the target has no reward in it"


def ends_count(agent: Agent) -> None:
    """What ended is worth its last reward, so d changes the update.

    ``agent`` is its class.
    """
    on, over = (critic_after(agent, terminated=d) for d in (0.0, 1.0))
    assert not torch.equal(on, over), "the target takes no notice of d"


def the_critic_tells_rows_apart(agent: Agent) -> None:
    """With targets that are rewards, a critic learns a small batch by heart.

    ``agent`` is its class.
    """
    stack, batch = made(agent, critic_lr=1e-2), minibatch(terminated=1.0)
    for _ in range(300):
        stack.learn(batch)
    values = stack.critic(batch.obs, batch.action).detach()
    spread = (values.std(-1) / batch.reward.std(-1)).min()
    assert spread > 0.5, f"values spread {spread:.2f} times as far as what they should be"


def the_target_is_constant(agent: Agent) -> None:
    """The critic's gradient is that of its loss with y held fixed.

    ``agent`` is its class.
    """
    stack, batch = made(agent), minibatch()
    with torch.no_grad():
        next_q = stack.critic_target(batch.next_obs, stack.actor_target(batch.next_obs))
        y = td_target(batch.reward, batch.terminated, next_q, batch.discount)
    loss = critic_loss(stack.critic(batch.obs, batch.action), y)
    right = torch.autograd.grad(loss, list(stack.critic.parameters()))
    stack.learn(batch)  # after its first step Adam's first moment is a tenth of the gradient
    for moment, gradient in zip(stack.critic_optimizer.first, right, strict=True):
        assert torch.allclose(10 * moment, gradient, atol=1e-5), "the critic's gradient is another"


def targets_lag(agent: Agent) -> None:
    """After an update a target is neither the online network nor what it was.

    ``agent`` is its class.
    """
    stack = made(agent)
    before = weights(stack.critic_target)
    stack.learn(minibatch())
    online, target = weights(stack.critic), weights(stack.critic_target)
    assert not torch.equal(target, online), "the target is the online network"
    assert not torch.equal(target, before), "the target stays what it was"


def both_targets_follow(agent: Agent) -> None:
    """The target actor moves as well as the target critic.

    ``agent`` is its class.
    """
    stack = made(agent)
    targets = stack.actor_target, stack.critic_target
    before = [weights(network) for network in targets]
    stack.learn(minibatch())
    for old, network in zip(before, targets, strict=True):
        moved = (weights(network) != old).any(dim=1).all()
        assert moved, f"the target {type(network).__name__.lower()} stays what it was"


def the_actor_climbs(agent: Agent) -> None:
    """On a critic that stands still, the value of the actor's own actions rises.

    ``agent`` is its class.
    """
    stack, batch = made(agent, critic_lr=1e-12), minibatch()
    before = stack.critic(batch.obs, stack.actor(batch.obs)).mean(-1)
    for _ in range(20):
        stack.learn(batch)
    after = stack.critic(batch.obs, stack.actor(batch.obs)).mean(-1)
    assert (after > before).all(), "the actor does not climb its critic"


def the_actor_moves(agent: Agent) -> None:
    """An update changes the actor's weights.

    ``agent`` is its class.
    """
    stack = made(agent)
    before = weights(stack.actor)
    stack.learn(minibatch())
    assert (weights(stack.actor) != before).any(dim=1).all(), "the actor stays what it was"


def the_critic_is_left_alone(agent: Agent) -> None:
    """The critic's next step is the same whether the actor has stepped in between or not.

    ``agent`` is its class.
    """
    batch, critics = minibatch(), []
    for actor_too in (True, False):
        stack = made(agent, actor_lr=1e-12, tau=1e-12)
        stack.learn(batch, move_actor=actor_too)
        stack.learn(batch)
        critics.append(weights(stack.critic))
    assert torch.allclose(critics[0], critics[1], atol=1e-6), (
        "the actor's step changes the critic's"
    )


def policies_are_evaluated_without_noise(agent: Agent) -> None:
    """A policy says the same twice, and exploration does not.

    ``agent`` is its class.
    """
    stack, obs = made(agent), np.ones((2, 3), np.float32)
    player = stack.player()
    first, again = (player.act(obs[:, None]) for _ in range(2))
    assert np.array_equal(first, again), "there is noise where policies are evaluated"
    assert not np.array_equal(stack.explore(obs), stack.explore(obs)), "nothing is explored"


def evaluation_sees_what_training_saw(agent: Agent) -> None:
    """Where it is evaluated, a policy does what it does in training for the same observation.

    ``agent`` is its class.
    """
    stack, rng = made(agent, normalize_obs=True), np.random.default_rng(0)
    for _ in range(50):
        obs, zeros = rng.normal([5, 0, -3], [2, 1, 4], (2, 3)), np.zeros(2)
        stack.remember(obs, np.zeros((2, 1)), zeros, obs, zeros)
    obs = rng.normal([5, 0, -3], [2, 1, 4], (2, 10, 3))
    same = np.allclose(stack.player().act(obs), stack.act(obs), atol=1e-5)
    assert same, "it is evaluated on other statistics than it was trained on"


def agents_differ(agent: Agent) -> None:
    """Two agents of a stack begin with other weights and explore otherwise.

    ``agent`` is its class.
    """
    stack = made(agent)
    begin = weights(stack.actor)
    assert not torch.equal(begin[0], begin[1]), "all agents begin with the same weights"
    first, second = stack.random()
    assert not np.array_equal(first, second), "all agents explore alike"
