"""Chapter 9's checks: the right answer passes, each common wrong one gets its own hint."""

import pytest
import torch

from ddpg_lib.chapters.ch09.exercises import CHECKS
from ddpg_lib.chapters.check import check


def verdict(number, answer, capsys):
    check(f"9.{number}", answer)
    return capsys.readouterr().out.strip()


@pytest.mark.parametrize(
    ("number", "answer", "hint"),
    [
        (1, 0.125, "right"),
        (1, 8, "other way round"),
        (1, 1, "that is the sum"),
        (1, 1 / 64, "only the agents"),
        (1, 5.0, "not yet"),
        (1, None, "put your answer"),
        (4, (0.344, 23), "right"),
        (4, (0.656, 23), "one failure or more"),
        (4, (0, 23), "luck"),
        (4, (0.344, 22.4), "next whole number"),
        (4, (0.344, 8), "only 1 - (7/8)^8"),
        (4, (0.5, 40), "not yet"),
        (4, 0.344, "two numbers"),
    ],
)
def test_numbers(number, answer, hint, capsys):
    assert hint in verdict(number, answer, capsys)


def right(agent, batch, *, sign=-1, terminal=True, target=True, follow=True):
    c = agent.config
    critic, actor = (
        (agent.critic_target, agent.actor_target) if target else (agent.critic, agent.actor)
    )
    with torch.no_grad():
        going_on = 1 - batch.terminated if terminal else 1
        y = batch.reward + c.gamma * going_on * critic(batch.next_obs, actor(batch.next_obs))
    loss = ((y - agent.critic(batch.obs, batch.action)) ** 2).mean(-1).sum()
    agent.critic_optimizer.descend(loss)
    agent.actor_optimizer.descend(
        sign * agent.critic(batch.obs, agent.actor(batch.obs)).mean(-1).sum()
    )
    if follow:
        with torch.no_grad():
            for name in ("actor", "critic"):
                online, slow = getattr(agent, name), getattr(agent, f"{name}_target")
                for p, q in zip(online.parameters(), slow.parameters(), strict=True):
                    q += c.tau * (p - q)


def test_the_right_update_passes(capsys):
    assert verdict(2, right, capsys) == "Exercise 9.2: right."


@pytest.mark.parametrize(
    ("fault", "network"),
    [
        ({"sign": 1}, "actor differ"),
        ({"terminal": False}, "critic differ"),
        ({"follow": False}, "critic_target did not change"),
    ],
)
def test_wrong_updates_are_told_apart(fault, network, capsys):
    out = verdict(2, lambda agent, batch: right(agent, batch, **fault), capsys)
    assert network in out


def test_bootstrapping_from_the_online_networks_is_caught(capsys):
    """At the first update online and target weights are equal, so the check must move them."""
    assert "critic differ" in verdict(2, lambda a, b: right(a, b, target=False), capsys)


def test_an_exercise_without_a_check_is_refused():
    with pytest.raises(ValueError, match="no check"):
        check("9.99", 1)
    with pytest.raises(ValueError, match="no check"):
        check("77.1", 1)
    assert set(CHECKS) == {1, 2, 4}
