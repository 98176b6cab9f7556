"""The stack's Adam against PyTorch's."""

import pytest
import torch

from ddpg_lib.parts.optim import StackedAdam


def problem(seed=0):
    generator = torch.Generator().manual_seed(seed)
    start = [torch.randn(4, 3, generator=generator), torch.randn(5, generator=generator)]
    goal = [torch.randn(p.shape, generator=generator) for p in start]
    return [p.clone().requires_grad_() for p in start], goal


def loss_of(weights, goal):
    return sum(((w - g) ** 4).sum() for w, g in zip(weights, goal, strict=True))


@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
def test_a_hundred_steps_equal_pytorchs(weight_decay):
    mine, goal = problem()
    theirs, _ = problem()
    adam = StackedAdam(mine, 0.05, weight_decay=weight_decay)
    reference = torch.optim.Adam(theirs, 0.05, weight_decay=weight_decay)
    for step in range(100):
        if step == 50:
            adam.lr.fill_(0.01)
            reference.param_groups[0]["lr"] = 0.01
        adam.descend(loss_of(mine, goal))
        reference.zero_grad()
        loss_of(theirs, goal).backward()
        reference.step()
    for p, q in zip(mine, theirs, strict=True):
        assert torch.allclose(p, q, atol=1e-6)


def test_a_gradient_with_another_layout_moves_the_weights_that_it_is_of():
    generator = torch.Generator().manual_seed(0)
    weight = torch.randn(2, 3, 4, 5, generator=generator)
    gradient = torch.randn(2, 3, 4, 5, generator=generator)
    plain, other = weight.clone(), weight.clone()
    StackedAdam([plain], 0.05).apply([gradient])
    StackedAdam([other], 0.05).apply([gradient.contiguous(memory_format=torch.channels_last)])
    assert torch.equal(plain, other)


def test_the_formula_that_is_compiled_equals_the_kernel(monkeypatch):
    fused, goal = problem()
    single, _ = problem()
    first, second = (
        StackedAdam(fused, 0.05, weight_decay=0.1),
        StackedAdam(single, 0.05, weight_decay=0.1),
    )
    for _ in range(20):
        first.descend(loss_of(fused, goal))
        with monkeypatch.context() as patch:
            patch.setattr(torch.compiler, "is_compiling", lambda: True)
            second.descend(loss_of(single, goal))
    for p, q in zip(fused, single, strict=True):
        assert torch.allclose(p, q, atol=1e-5)


def test_a_saved_state_continues_to_the_bit():
    through, goal = problem()
    adam = StackedAdam(through, 0.05)
    for _ in range(5):
        adam.descend(loss_of(through, goal))
    stopped = [p.detach().clone().requires_grad_() for p in through]
    resumed = StackedAdam(stopped, 0.5)
    resumed.load_state_dict({k: v.clone() for k, v in adam.state_dict().items()})
    for _ in range(5):
        adam.descend(loss_of(through, goal))
        resumed.descend(loss_of(stopped, goal))
    assert all(torch.equal(p, q) for p, q in zip(through, stopped, strict=True))


def test_a_foreign_state_is_refused():
    with pytest.raises(ValueError, match="another shape"):
        StackedAdam([torch.zeros(3)], 0.1).load_state_dict(
            StackedAdam([torch.zeros(4)], 0.1).state_dict()
        )
