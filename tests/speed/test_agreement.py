"""What benchmarks/agreement.py says of SimBa's networks, where SBX is installed."""

import sys
from pathlib import Path

import pytest

from ddpg_lib.agents.simba import SimBa
from ddpg_lib.parts.normalization import LayerNorm

pytest.importorskip("sbx", reason="needs the extra bench")


@pytest.fixture
def agreement(monkeypatch):
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "benchmarks")
    import agreement

    yield agreement
    sys.modules.pop("agreement")


@pytest.mark.slow
@pytest.mark.parametrize("part", ["critic", "actor"])
def test_simbas_networks_are_those_of_sbx(agreement, part, monkeypatch):
    monkeypatch.setattr(LayerNorm, "forward", agreement.as_flax)
    outputs, gradients, steepest = agreement.compare_networks(part)
    assert steepest > 0.1
    assert outputs < agreement.CLOSE
    assert gradients / max(steepest, 1) < agreement.CLOSE


def test_no_weight_is_left_out_of_the_comparison(agreement):
    config = agreement.CONFIG.replace(normalize_obs=True, hidden=(8, 8, 8))
    critic = SimBa(2, [-1.0], [1.0], config, (0, 1)).critic
    found = dict(agreement.named(critic.network))
    assert {id(x) for x in found.values()} == {id(x) for x in critic.network.parameters()}
