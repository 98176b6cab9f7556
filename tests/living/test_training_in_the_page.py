"""The living figure of chapter 0: its DDPG beside the library's, and what a reader does with it."""

import contextlib
from pathlib import Path

import numpy as np
import pytest
import torch
from browser import find_chromium, launch_options

from ddpg_lib.chapters.ch12 import bugs
from ddpg_lib.config import Config
from ddpg_lib.ddpg import DDPG
from ddpg_lib.parts.replay import Batch

ROOT = Path(__file__).resolve().parents[2]
LIVING = ROOT / "book/living"
BUGS = {"": DDPG, "stale": bugs.StaleState, "mixed": bugs.MixedRows, "downhill": bugs.WrongSign}
N, OBS = 32, 3
pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def blank():
    """An empty page that has loaded the figure's DDPG and nothing else."""
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(**launch_options(find_chromium()))
        page = browser.new_page()
        page.set_content("<title>blank</title>")
        page.add_script_tag(content=(LIVING / "ddpg.js").read_text(encoding="utf-8"))
        yield page
        browser.close()


@contextlib.contextmanager
def float64():
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(torch.float32)


def flat(network):
    return torch.cat([p.detach().flatten() for p in network.parameters()]).double().numpy()


def networks(agent):
    return [agent.actor, agent.critic, agent.actor_target, agent.critic_target]


def batches(rng, updates, end=0.0):
    """Minibatches of rows s, a, r, s', d, as the page has them."""
    rows = rng.normal(size=(updates, N, 2 * OBS + 3))
    rows[..., OBS] = rng.uniform(-1, 1, rows.shape[:2])
    rows[..., OBS + 1] = rng.uniform(-16, 0, rows.shape[:2])
    rows[..., -1] = rng.random(rows.shape[:2]) < end
    return rows


def as_batch(rows, gamma, dtype):
    x = torch.as_tensor(rows[None], dtype=dtype)
    s, a, r, s_next, d = x.split([OBS, 1, 1, OBS, 1], dim=2)
    discount = torch.full_like(r[..., 0], gamma)
    return Batch(s, a, r[..., 0], s_next, d[..., 0], discount)


IN_THE_PAGE = """([settings, thetas, batches]) => {
  const agent = new ddpgLiving.ddpg.Agent(0, settings);
  const four = [agent.actor, agent.critic, agent.actorTarget, agent.criticTarget];
  four.forEach((network, i) => network.theta.set(thetas[i]));
  return batches.map((rows) => {
    agent.learn(rows.flat());
    return { thetas: four.map((x) => Array.from(x.theta)), loss: agent.loss, q: agent.q };
  });
}"""


def both(blank, bug="", updates=12, dtype=torch.float64, end=0.2, **dials):
    """The four networks, loss and value after each update: in the page, in the library."""
    settings = {"gamma": 0.99, "tau": 0.01, "lr": 4e-3, "activation": "tanh"} | dials
    config = Config(
        hidden=(32, 32), activation=settings["activation"], gamma=settings["gamma"],
        tau=settings["tau"], actor_lr=settings["lr"], critic_lr=settings["lr"], batch_size=N,
        buffer_size=1_000, warmup_steps=10, steps=20, eval_every=20, final_init=0.3,
    )  # fmt: skip
    with float64() if dtype == torch.float64 else contextlib.nullcontext():
        agent = BUGS[bug](OBS, [-2.0], [2.0], config, [7])
    before = [flat(x).tolist() for x in networks(agent)]
    rows = batches(np.random.default_rng(3), updates, end)
    page = blank.evaluate(IN_THE_PAGE, [settings | {"bug": bug}, before, rows.tolist()])
    library = []
    for x in rows:
        metrics = agent.learn(as_batch(x, settings["gamma"], dtype))
        numbers = {"loss": metrics["critic_loss"].item(), "q": metrics["q"].item()}
        library.append({"thetas": [flat(x) for x in networks(agent)]} | numbers)
    return page, library


def apart(page, library):
    """The greatest difference of any weight after any update."""
    pairs = zip(page, library, strict=True)
    return max(
        np.abs(np.array(mine) - its).max()
        for one, other in pairs
        for mine, its in zip(one["thetas"], other["thetas"], strict=True)
    )


# ---- The update ----


DIALS = [
    {}, {"tau": 1.0}, {"tau": 3e-4}, {"lr": 1e-4}, {"lr": 0.05}, {"gamma": 0.9},
]  # fmt: skip


@pytest.mark.parametrize("dials", DIALS, ids=str)
@pytest.mark.parametrize("bug", ["", "mixed", "downhill"])
def test_twelve_updates_are_the_librarys(blank, bug, dials):
    page, library = both(blank, bug, **dials)
    assert apart(page, library) < 1e-9
    assert [x["q"] for x in page] == pytest.approx([x["q"] for x in library], rel=1e-9)
