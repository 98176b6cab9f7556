"""Chapter 7's checks: the right answer passes, each common wrong one gets its own hint."""

import copy

import numpy as np
import pytest
import torch

from ddpg_lib.chapters.ch07.exercises import CHECKS, FAULTS, TAU_30, patients
from ddpg_lib.chapters.ch07.linear_td import LinearTD
from ddpg_lib.chapters.ch07.targets import Follow, shared_weights
from ddpg_lib.chapters.check import check
from ddpg_lib.maths.spectra import spectral_radius


def test_the_factor_is_what_the_library_computes():
    x, y = np.ones((4, 1)), np.full((4, 1), 3.0)
    right = spectral_radius(LinearTD(x, y, np.zeros(4), 0.9, 0.1).without_target())
    assert CHECKS[1](right) == ""


def test_the_period_is_what_the_library_computes():
    assert CHECKS["7a.2"](Follow(0.02).hard_equivalent().period) == ""


def test_the_loop_gain_is_what_a_correction_does():
    """One small step on the transition: the target's change over the value's."""
    weights, x, y = np.array([0.3, -0.2]), np.array([2.0, 1.0]), np.array([2.0, 3.0])
    after = weights + 1e-3 * x  # up the gradient of the value
    gain = 0.99 * (y @ after - y @ weights) / (x @ after - x @ weights)
    assert CHECKS["7b.1"](gain) == ""


def test_the_tau_that_knows_thirty_rewards():
    """The targets' value after 10,000 soft updates with a perfect fit, by hand."""
    tau, value = TAU_30, 0.0
    for _ in range(10_000):
        value += tau * (1 + 0.99 * value - value)
    assert value == pytest.approx(30, rel=1e-9)
    assert CHECKS[2](tau) == ""


def test_the_four_stacks_are_what_they_are_said_to_be():
    """By what each does to its targets, not by the numbers that the reader is asked to use."""
    for letter, agent in patients().items():
        before = [p.clone() for p in agent.target_weights]
        agent.update()
        online = agent.online_weights
        pairs = list(zip(agent.target_weights, before, online, strict=True))
        moved = any(not torch.equal(now, then) for now, then, _ in pairs)
        equal = all(torch.equal(now, new) for now, _, new in pairs)
        fault = "no copies" if equal else "forgotten" if not moved else None
        if fault is None:
            share = [
                ((now - then).norm() / (new - then).norm()).item()
                for now, then, new in pairs
                if (new - then).norm() > 0
            ]
            fault = "exchanged" if np.median(share) > 0.5 else "right"
        assert FAULTS[letter] == fault
    assert CHECKS[4](dict(FAULTS)) == ""


def test_the_largest_tau_is_where_the_spectral_radius_passes_one():
    swap = LinearTD(np.array([[1.0], [-1.0]]), np.array([[-1.0], [1.0]]), np.zeros(2), 0.99, 0.75)
    low, high = 0.01, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if spectral_radius(swap.soft(middle)) < 1 else (low, middle)
    assert CHECKS["7a.1"](low) == ""


def by_memory(target, online):
    memory = {p.data_ptr() for p in online.parameters()}
    return any(p.data_ptr() in memory for p in target.parameters())


def by_trial(target, online):
    """Move the online weights and look whether the target moves."""
    kept = copy.deepcopy(online.state_dict())
    before = [p.detach().clone() for p in target.parameters()]
    with torch.no_grad():
        for p in online.parameters():
            p += 1
        moved = any(not torch.equal(p, q) for p, q in zip(before, target.parameters(), strict=True))
    online.load_state_dict(kept)
    return moved


@pytest.mark.parametrize("right", [by_memory, by_trial, shared_weights])
def test_right_detectors(right):
    assert CHECKS[3](right) == ""


def by_value(target, online):
    pairs = zip(target.parameters(), online.parameters(), strict=True)
    return all(torch.equal(p, q) for p, q in pairs)


def by_object(target, online):
    return any(p is q for p, q in zip(target.parameters(), online.parameters(), strict=True))


def every_weight(target, online):
    pairs = zip(target.parameters(), online.parameters(), strict=True)
    return all(p.data_ptr() == q.data_ptr() for p, q in pairs)


def spoil(target, online):
    with torch.no_grad():
        next(online.parameters()).add_(1)
    return True


def broken(target, online):
    return target.nothing


@pytest.mark.parametrize(
    ("number", "wrong", "hint"),
    [
        (1, None, "one number"),
        (1, 1.17, "factor 2"),
        (1, 1.54, "subtract C"),
        (1, 0.66, "sign"),
        (1, 1.4, "discounted"),
        (1, 1 - 0.2 * 6.3, "state 1"),
        (1, 2.7, "loop gain"),
        (1, 0.34, "1 more"),
        (1, 5.0, "not yet"),
        ("7a.2", "many", "one number"),
        ("7a.2", 50, "younger"),
        ("7a.2", 100, "nearly"),
        ("7a.2", 34.3, "half-life"),
        ("7a.2", 3, "not yet"),
        (3, 7, "a function"),
        (3, lambda target, online: target is online, "copy.copy"),
        (3, by_value, "equal numbers"),
        (3, by_object, "memory is one"),
        (3, every_weight, "a part"),
        (3, spoil, "changes the weights"),
        (3, broken, "AttributeError"),
        (2, "slow", "one number"),
        (2, 0.003, "upper bound"),
        (2, 1 / 30, "how long is the run"),
        (2, 2.0, "between 0 and 1"),
        (2, 0.01, "(7.10)"),
        (4, ["right"], "a dictionary"),
        (4, {**FAULTS, "A": "broken"}, "no verdict"),
        (4, {**FAULTS, "A": "no copies"}, "or is it 0"),
        (4, {**FAULTS, "C": "right"}, "How many rewards"),
        (4, {**FAULTS, "A": "right"}, "How many steps"),
        ("7a.1", [1, 2], "one number"),
        ("7a.1", 0.5, "close"),
        ("7a.1", -1.0, "negative"),
        ("7a.1", 1.985, "lag"),
        ("7a.1", 0.1, "not yet"),
        ("7b.1", 1.4, "gamma"),
        ("7b.1", 6.93, "divide by the value"),
        ("7b.1", 0.99 * 7 / 13, "not by x'"),
        ("7b.1", 0.99 * 7 / 65**0.5, "cosine"),
        ("7b.1", 0.99 * 5 / 7, "upside down"),
        ("7b.1", 0.1, "not yet"),
    ],
)
def test_common_wrong_answers_get_a_hint(number, wrong, hint):
    assert hint in CHECKS[number](wrong)


def test_check_prints_the_verdict(capsys):
    check("7.1")
    check("7a.2", 99)
    out = capsys.readouterr().out.splitlines()
    assert "put your answer" in out[0]
    assert out[1] == "Exercise 7a.2: right."


def test_too_long_a_pause():
    """7a.3: without a target and with a soft one it converges; a long hard period overshoots."""
    pause = LinearTD([[1.0]], [[-2.0]], [0.0], 0.99, 0.05)
    assert spectral_radius(pause.without_target()) < 1
    assert spectral_radius(pause.soft(0.01)) < 1
    assert spectral_radius(pause.hard(Follow(0.01).hard_equivalent().period)) > 1


def test_the_price_of_a_nearly_dependent_feature():
    """7a.4: the largest stable tau falls in proportion to the slowest direction of the fit."""
    s, s_next = [0] * 10 + [1] * 10, [1] * 20
    d = [0.0] * 19 + [1.0]
    ratios = []
    for g in (0.05, 0.2):
        x = np.array([[1.0, 0.0], [2.0, g]])
        problem = LinearTD(x[s], x[s_next], d, 0.99, 0.05)
        slowest = np.linalg.eigvalsh(0.1 * problem.curvature).min()
        stable = [t for t in np.geomspace(1e-5, 1, 400) if spectral_radius(problem.soft(t)) < 1]
        ratios.append(max(stable) / slowest)
    assert ratios[0] == pytest.approx(ratios[1], rel=0.1)
