"""The compiled update: the same up to rounding, and a way back where nothing compiles."""

import os
import subprocess
import sys
import warnings

import numpy as np
import pytest
import torch
from test_ddpg import CONFIG, NETWORKS, filled, weights

from ddpg_lib import DDPG, recipe
from ddpg_lib.agents.d4pg import D4PG
from ddpg_lib.agents.sac import SAC
from ddpg_lib.agents.simba import SimBa
from ddpg_lib.agents.td3 import TD3
from ddpg_lib.speed import compiling
from ddpg_lib.speed.compiling import compiled


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [(3,), (3, 4)])
def test_compiling_changes_no_result_beyond_rounding(seeds):
    eager = filled(seeds, CONFIG.replace(lr_decay=True))
    fast = filled(seeds, CONFIG.replace(lr_decay=True))
    fast._learn = compiled(fast.learn)
    with warnings.catch_warnings():
        warnings.filterwarnings("error", "torch.compile failed")  # it did compile
        for _ in range(30):
            a, b = eager.update(), fast.update()
            for name in a:
                np.testing.assert_allclose(a[name], b[name], rtol=1e-4, atol=1e-5)
    for network in ("actor", "critic", "actor_target", "critic_target"):
        pairs = zip(weights(getattr(eager, network)), weights(getattr(fast, network)), strict=True)
        assert all(torch.allclose(x, y, atol=1e-4) for x, y in pairs), network


@pytest.mark.slow
def test_the_compiled_tanh_is_off_by_no_more_than_rounding():
    x = torch.cat([torch.linspace(-12, 12, 4096), torch.tensor([0.0, 1e-6, -1e-6, 1e30, -1e30])])
    found = compiled(torch.tanh)(x)
    assert (found - x.double().tanh()).abs().max() < 2e-7
    assert found[-2:].tolist() == [1, -1]


@pytest.mark.slow
@pytest.mark.parametrize("ahead", [True, False])
def test_arguments_of_another_layout_or_value_are_compiled_anew(ahead, monkeypatch):
    found, ahead_of_time = [], compiling._ahead_of_time

    def made(run, function, args):
        graph = ahead_of_time(run, function, args)
        found.append(graph is not run)
        return graph if ahead else run

    monkeypatch.setattr(compiling, "_ahead_of_time", made)
    fast = compiled(lambda pair, double: pair[0] @ pair[1] * (2 if double else 1) + pair[0])
    x, y = torch.randn(2, 4, 4)
    for pair in ((x, y), (x.T, y), (x, y), (x[:2], y), (x.double(), y.double())):
        for double in (False, True):
            expected = pair[0] @ pair[1] * (2 if double else 1) + pair[0]
            torch.testing.assert_close(fast(pair, double), expected)
    assert found == [hasattr(torch.compile(len), "aot_compile")] * 8


LILLICRAP = recipe("lillicrap", batch_size=8, hidden=(16, 12), steps=100, eval_every=100)
EVERYTHING = CONFIG.replace(
    layer_norm="critic",
    batch_norm="actor",
    normalize_obs=True,
    n_step=3,
    max_grad_norm=0.5,
    dqda_clipping=0.1,
    invert_gradients=True,
    policy_delay=2,
)


@pytest.mark.slow
@pytest.mark.parametrize("config", [LILLICRAP, EVERYTHING], ids=["lillicrap", "everything"])
def test_options_compile_too(config):
    eager, fast = filled((3, 4), config), filled((3, 4), config)
    fast._learn = compiled(fast.learn)
    with warnings.catch_warnings():
        warnings.filterwarnings("error", "torch.compile failed")
        for _ in range(10):
            a, b = eager.update(), fast.update()
            for name in a:
                np.testing.assert_allclose(a[name], b[name], rtol=1e-3, atol=1e-4)
    for name in NETWORKS:
        x, y = (getattr(agent, name).state_dict() for agent in (eager, fast))
        for key, value in x.items():
            assert torch.allclose(value, y[key], atol=1e-3), f"{name}.{key}"


@pytest.mark.slow
def test_agents_of_different_networks_in_one_process():
    """More agents than the compiler's limit of graphs for one piece of code, some alike."""
    with warnings.catch_warnings():
        warnings.filterwarnings("error", "torch.compile failed")
        for i in range(10):
            config = CONFIG.replace(hidden=(8 + i % 2,), gamma=0.9 if i < 9 else 0.1)
            eager, fast = filled((3,), config), filled((3,), config)
            fast._learn = compiled(fast.learn)
            a, b = eager.update(), fast.update()
            np.testing.assert_allclose(a["critic_loss"], b["critic_loss"], rtol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("kind", [TD3, SAC, D4PG, SimBa])
def test_agents_after_ddpg_compile_with_several_motors(kind):
    config = CONFIG.replace(normalize_obs=kind is SimBa)
    agents = [
        kind(4, -np.ones(3), np.ones(3), config, (3, 4), compile=fast) for fast in (False, True)
    ]
    rng = np.random.default_rng(0)
    for _ in range(config.buffer_size // 2):
        obs, after = rng.normal(size=(2, 2, 4))
        action, reward = rng.uniform(-1, 1, (2, 3)), rng.normal(size=2)
        for agent in agents:
            agent.remember(obs, action, reward, after, [False, False])
    with warnings.catch_warnings():
        warnings.filterwarnings("error", "torch.compile failed")
        for _ in range(4):
            eager, fast = (agent.update() for agent in agents)
            for name in eager:
                np.testing.assert_allclose(eager[name], fast[name], rtol=1e-3, atol=1e-4)


NO_COMPILER = """
import warnings
from test_ddpg import CONFIG, filled, weights
from ddpg_lib.speed.compiling import compiled
agent, plain = filled((3,)), filled((3,))
agent._learn = compiled(agent.learn)
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    agent.update(); agent.update(); plain.update(); plain.update()
print([str(w.message) for w in caught if "uncompiled" in str(w.message)])
assert all((x == y).all() for x, y in zip(weights(agent.actor), weights(plain.actor)))
"""


@pytest.mark.slow
def test_without_a_compiler_it_says_so_and_runs_uncompiled(tmp_path):
    env = {
        **os.environ,
        "CXX": str(tmp_path / "no-such-compiler"),
        "TORCHINDUCTOR_CACHE_DIR": str(tmp_path / "cache"),
        "PYTHONPATH": os.pathsep.join([os.path.dirname(__file__), *sys.path]),
    }
    done = subprocess.run(
        [sys.executable, "-c", NO_COMPILER], env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("install g++") == 1


@pytest.mark.slow
def test_what_has_nothing_to_do_with_the_compiler_brings_no_advice_about_it():
    def unfit(x):
        print(x)  # a graph cannot
        return x

    with pytest.warns(RuntimeWarning, match="runs uncompiled") as caught:
        assert compiled(unfit)(torch.ones(2)).tolist() == [1, 1]
    assert "install" not in str(caught[0].message)


def test_an_error_of_the_function_itself_is_not_hidden():
    def broken(x):
        raise KeyError("mine")

    with pytest.raises(Exception, match="mine"):
        compiled(broken)(1)


def test_the_flag_reaches_the_agent():
    assert DDPG(3, [-1.0], [1.0], CONFIG, compile=True)._learn.__qualname__.startswith("compiled")
