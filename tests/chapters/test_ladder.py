"""Chapter 20's rungs compute the same, and its instruments measure what they say."""

import time
from collections.abc import Callable

import numpy as np
import pytest
import torch

from ddpg_lib.chapters.ch20.drawing import flames, tree_of
from ddpg_lib.chapters.ch20.ladder import GAMMA, LADDER, Library, Plain, parts_of
from ddpg_lib.chapters.ch20.measuring import breakdown, calls, in_turns
from ddpg_lib.chapters.ch20.records import ladder, machine, measured
from ddpg_lib.parts.replay import Batch

PLAIN = [name for name, (kind, _) in LADDER.items() if issubclass(kind, Plain)]


def updated(rung: Plain, fields: list[torch.Tensor]) -> list[np.ndarray]:
    """All weights after three updates with the same minibatch."""
    for _ in range(3):
        rung.update(fields)
    return [w.detach().numpy() for w in (*rung.online(), *rung.targets())]


@pytest.fixture(scope="module")
def first() -> tuple[list[torch.Tensor], list[np.ndarray]]:
    """A minibatch, and where it takes chapter 0's program."""
    rung = Plain()
    fields = [x.clone() for x in rung.sample()]
    return fields, updated(rung, fields)


@pytest.mark.parametrize("name", PLAIN[1:])
def test_every_plain_rung_makes_the_update_of_chapter_0(name, first) -> None:
    """From the same weights, with the same minibatch, up to rounding."""
    fields, expected = first
    for mine, theirs in zip(updated(LADDER[name][0](), fields), expected, strict=True):
        assert np.allclose(mine, theirs, atol=2e-6)


def test_the_library_makes_the_update_of_chapter_0(first) -> None:
    """With its weights transposed and in a stack of one."""
    fields, expected = first
    start, rung = Plain(), Library()
    agent = rung.agent
    mine = [*agent.actor.parameters(), *agent.critic.parameters()]
    targets = [*agent.actor_target.parameters(), *agent.critic_target.parameters()]
    with torch.no_grad():
        for w, source in zip((*mine, *targets), (*start.online(), *start.targets()), strict=True):
            w.copy_((source.T if source.ndim == 2 else source)[None])
    s, a, r, s_next, d = (x[None] for x in fields)
    batch = Batch(s, a, r[..., 0], s_next, d[..., 0], torch.full_like(d[..., 0], GAMMA))
    for _ in range(3):
        agent.learn(batch)
    for w, theirs in zip((*mine, *targets), expected, strict=True):
        found = w[0].detach().numpy()
        assert np.allclose(found.T if theirs.ndim == 2 else found.ravel(), theirs, atol=5e-6)


def test_calls_are_counted_forward_and_backward() -> None:
    """A product, a sum; in the gradient one product more for each factor that wants it."""
    x, w = torch.ones(3, 4), torch.ones(4, 2, requires_grad=True)

    def job() -> None:
        torch.autograd.grad((x @ w).sum(), w)

    assert calls(job)["mm"] == 2
    assert calls(lambda: x.T)["t"] == 0
    assert calls(lambda: torch.add(x, x)) == {"add": 1}


def test_every_trick_that_is_said_to_save_calls_does() -> None:
    """The first four rungs, by the count of this machine's PyTorch."""
    counts = []
    for name in PLAIN[:4]:
        rung = LADDER[name][0]()
        rung.step()
        counts.append(calls(rung.step).total())
    assert counts == sorted(counts, reverse=True)
    assert len(set(counts)) == 4


class Busy:
    """Parts of known length, one inside the other."""

    def outer(self) -> None:
        """Two units, and what is inside."""
        time.sleep(0.004)
        self.inner()

    def inner(self) -> None:
        """One unit."""
        time.sleep(0.002)


def test_parts_sum_to_the_whole_and_no_second_counts_twice() -> None:
    """What is spent inside another part is that part's, and afterwards nothing is wrapped."""
    busy = Busy()
    found = breakdown(lambda: busy.outer(), {"out": [(busy, "outer")], "in": [(busy, "inner")]}, 5)
    assert list(found) == ["out", "in", "all else"]
    assert found["out"] > 1.2 * found["in"] > 2_000
    assert vars(busy) == {}


def test_a_step_of_either_program_is_divided() -> None:
    """Every part that is named is met."""
    for name in ("chapter 0", "the library"):
        rung = LADDER[name][0](width=8, batch=8)
        found = breakdown(rung.step, parts_of(rung), 2)
        assert min(found.values()) > 0


def test_jobs_take_turns() -> None:
    """One after the other, and the first turn is not counted."""
    order: list[str] = []

    def job(name: str) -> Callable[[], None]:
        return lambda: order.append(name)

    times = in_turns({"a": job("a"), "b": job("b")}, turns=2, repeats=1)
    assert order == ["a", "b"] * 3
    assert {name: len(x) for name, x in times.items()} == {"a": 2, "b": 2}


def test_records_fit_the_rungs() -> None:
    """What ships was measured on these rungs; samples begin with a step."""
    for width in (64, 256):
        assert list(ladder(width)) == [*LADDER, "products alone"]
    assert machine()["threads"] == 1
    assert not str(machine()["commit"]).endswith("+")
    stacks = measured("stacks")
    assert {row["stack"].split(";")[0] for row in stacks} == {"Plain.step", "Library.step"}
    tree = tree_of(stacks)
    assert tree[""] == sum(row["samples"] for row in stacks)
    boxes = [box.get_width() for box in flames(tree).axes[0].patches]
    assert max(boxes) <= 1


def test_after_a_stopwatch_objects_have_what_was_their_own():
    class Owner:
        def work(self):
            return "the class's"

    plain, special = Owner(), Owner()
    special.work = lambda: "its own"
    parts = breakdown(
        lambda: (plain.work(), special.work()), {"a": [(plain, "work"), (special, "work")]}, 3
    )
    assert parts["a"] > 0
    assert (plain.work(), special.work()) == ("the class's", "its own")
    assert "work" not in vars(plain)
