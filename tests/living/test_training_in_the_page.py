"""The living figure of chapter 0: its DDPG beside the library's, and what a reader does with it."""

import contextlib
import json
import re

import gymnasium
import living_figures
import numpy as np
import pytest
import torch
from living_figures import LIVING

from ddpg_lib.chapters.ch12 import bugs
from ddpg_lib.chapters.ch12.exhibits import EXHIBITS
from ddpg_lib.config import Config
from ddpg_lib.ddpg import DDPG
from ddpg_lib.parts.replay import Batch
from ddpg_lib.worlds.pendulum.simulation import simulate

NAME = "train-in-the-page"
BUGS = {"": DDPG, "stale": bugs.StaleState, "mixed": bugs.MixedRows, "downhill": bugs.WrongSign}
N, OBS = 32, 3
pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def blank(chromium):
    """An empty page that has loaded the figure's DDPG and no figure."""
    page = chromium.new_page()
    for file in ("core.js", "network.js", "ddpg.js"):
        page.add_script_tag(content=(LIVING / file).read_text(encoding="utf-8"))
    yield page
    page.close()


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
    return { thetas: four.map((x) => Array.from(x.theta)), q: agent.q };
  });
}"""


def both(blank, bug="", updates=12, dtype=torch.float64, end=0.2, **dials):
    """The four networks and the mean value after each update: in the page, in the library."""
    settings = {"gamma": 0.99, "tau": 0.01, "lr": 4e-3} | dials
    config = Config(
        hidden=(32, 32), activation="tanh", gamma=settings["gamma"],
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
        thetas = [flat(x) for x in networks(agent)]
        library.append({"thetas": thetas, "q": metrics["q"].item()})
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


@pytest.mark.parametrize("dials", [{}, {"tau": 0.1}, {"lr": 1e-3}], ids=str)
def test_in_32_bits_as_the_library_trains(blank, dials):
    page, library = both(blank, dtype=torch.float32, **dials)
    assert apart(page, library) < 1e-5


@pytest.mark.parametrize("bug", ["mixed", "downhill"])
def test_a_bug_changes_the_update(blank, bug):
    right, wrong = both(blank, updates=3)[0], both(blank, bug, updates=3)[0]
    assert apart(right, wrong) > 1e-3


# ---- The loop ----

EPISODES = """([bug, steps]) => {
  const agent = new ddpgLiving.ddpg.Agent(5, { bug, warmup: 100000 });
  const starts = [];
  for (let i = 0; i < steps; i++) {
    if (agent.t === 0) starts.push([agent.theta, agent.speed]);
    agent.step();
  }
  return { starts, rows: Array.from(agent.rows.subarray(0, 9 * steps)) };
}"""


@pytest.mark.parametrize("bug", ["", "stale"])
def test_what_is_stored_is_what_gymnasium_and_the_library_give(blank, bug):
    """Three episodes: the page's actions in Gymnasium's pendulum, stored by the museum's class."""
    found = blank.evaluate(EPISODES, [bug, 600])
    rows = np.reshape(found["rows"], (600, 9))
    config = Config(hidden=(8,), batch_size=8, buffer_size=1_000, warmup_steps=900, steps=1_000,
                    eval_every=1_000)  # fmt: skip
    agent = BUGS[bug](OBS, [-2.0], [2.0], config, [0])
    env = gymnasium.make("Pendulum-v1", disable_env_checker=True).unwrapped
    env.reset(seed=0)
    for t, action in enumerate(rows[:, OBS]):
        if t % 200 == 0:
            env.state = np.array(found["starts"][t // 200])
            obs = env._get_obs()
        next_obs, reward, *_ = env.step(np.array([2 * action]))
        if bug == "stale":
            agent.explore(obs[None])  # it keeps what it acts on
        last = np.array([(t + 1) % 200 == 0])
        agent.remember(obs[None], [[2 * action]], [reward], next_obs[None], [False], last)
        obs = next_obs
    stored = agent.replay.rows[0, :600].numpy()
    assert np.abs(stored - rows).max() < 1e-4  # float32: rewards of up to 16
    repeats = (rows[1:, :OBS] == rows[:-1, :OBS]).all(axis=1).mean()
    assert (repeats > 0.9) == (bug == "stale")


def test_the_first_agents_are_the_recorded_ones(blank):
    """What the still shows is what the page computes: the first 1,300 steps, to the digit."""
    import record_living

    kept = json.loads((LIVING / "data/training.json").read_text(encoding="utf-8"))["curve"]
    starts = living_figures.evaluations()["starts"]
    asked = {"seeds": [0, 1, 2, 3], "starts": starts, "steps": 1_300, "every": 100}
    curve = blank.evaluate(record_living.IN_THE_PAGE, asked)
    for (step, returns), (at, recorded) in zip(curve, kept[: len(curve)], strict=True):
        assert step == at
        assert returns == pytest.approx(recorded[:4], abs=0.11)


def test_an_evaluation_is_chapter_0s(blank):
    """A constant torque, played from the ten starts in the page and by the library."""
    found = blank.evaluate(
        """starts => {
             const agent = new ddpgLiving.ddpg.Agent(0);
             agent.actor.theta.fill(0);
             agent.actor.theta[agent.actor.theta.length - 1] = 0.3;
             return agent.evaluate(starts);
           }""",
        living_figures.evaluations()["starts"],
    )
    torque = 2 * np.tanh(0.3)
    played = simulate(lambda t, obs: np.full(len(obs), torque), range(1_000_000, 1_000_010))
    assert found == pytest.approx(played.returns.mean(), rel=1e-4)


def test_the_page_draws_uniform_minibatches(blank):
    drawn = blank.evaluate(
        """() => {
             const agent = new ddpgLiving.ddpg.Agent(1), counts = Array(50).fill(0);
             for (let i = 0; i < 50; i++) agent.store([0, 0, 0, 0, i, 0, 0, 0, 0]);
             for (let i = 0; i < 2000; i++)
               agent.sample().forEach((x, j) => { if (j % 9 === 4) counts[x]++; });
             return counts;
           }"""
    )
    assert sum(drawn) == 64_000
    assert np.abs(np.array(drawn) - 1_280).max() < 5 * np.sqrt(1_280)


# ---- As a reader uses it ----


def state(tab):
    return tab.evaluate("name => ddpgLiving.figures[name].test()", NAME)


def until(tab, condition):
    script = f"name => {{ const s = ddpgLiving.figures[name].test(); return {condition} && s; }}"
    return tab.wait_for_function(script, arg=NAME).json_value()


def hurry(tab):
    """Let 60 steps of the display pass a frame, each of which asks for more training."""
    tab.evaluate("name => ddpgLiving.figures[name].rate(3000)", NAME)


def said(tab):
    return tab.locator(".living-output").all_inner_texts()


def test_agents_train_while_one_watches(visit):
    tab = visit(NAME)
    assert "random torques fill the replay buffer" in said(tab)[0]
    hurry(tab)
    s = until(tab, "s.at >= 1200")
    kept = json.loads((LIVING / "data/training.json").read_text(encoding="utf-8"))["curve"]
    assert s["curve"][0][0] == 0
    for (step, returns), (at, recorded) in zip(s["curve"][:13], kept[:13], strict=True):
        assert step == at
        assert returns == pytest.approx(recorded[:4], abs=0.11)
    assert re.search(r"\d of 4 swing up .* critics expect −\d+", said(tab)[0])


def test_pause_stops_the_training_too(visit):
    tab = visit(NAME)
    hurry(tab)
    until(tab, "s.at >= 100")
    tab.get_by_role("button", name="Pause").click()
    tab.wait_for_timeout(1_500)  # it may finish what it was asked for: 168 steps at most
    at = state(tab)["at"]
    tab.wait_for_timeout(300)
    assert state(tab)["at"] == at
    tab.get_by_role("button", name="Play").click()
    until(tab, f"s.at > {at}")


def test_a_dial_is_heard_marked_and_linked_to(visit):
    tab = visit(NAME)
    hurry(tab)
    until(tab, "s.at >= 200")
    noise = tab.get_by_role("slider", name="Noise σ")
    noise.focus()
    tab.keyboard.press("Home")
    marks = state(tab)["marks"]
    assert len(marks) == 1
    assert marks[0][1] == "σ 0"
    assert "Without noise" in said(tab)[1]
    tab.wait_for_function("location.hash.includes('noise=0&')")


@pytest.mark.parametrize("bug", ["stale", "mixed", "downhill"])
def test_a_bug_comes_from_the_address_and_from_the_menu(visit, bug):
    tab = visit(NAME, query=f"bug={bug}&seed=3", reduced_motion="reduce")
    menu = tab.get_by_role("combobox", name="Bug")
    assert menu.input_value() == bug
    titles = [EXHIBITS[x].title for x in ("stale_state", "mixed_rows", "wrong_sign")]
    assert menu.locator("option").all_inner_texts() == ["none", *titles]
    assert state(tab)["marks"] == [[0, menu.locator(f"option[value={bug}]").inner_text()]]
    tab.wait_for_function("document.querySelectorAll('.living-output')[1].innerText")
    assert "With this bug" in said(tab)[1]
    menu.select_option("")
    assert "With this bug" not in said(tab)[1]


def test_downhill_sinks_in_the_page(visit):
    tab = visit(NAME, query="bug=downhill")
    hurry(tab)
    s = until(tab, "s.at >= 1700")
    assert np.mean(s["curve"][-1][1]) < living_figures.evaluations()["random"] - 150


@pytest.mark.parametrize("touch", [False, True])
def test_a_rod_is_taken_hold_of_and_let_go(visit, touch):
    options = {"has_touch": True, "is_mobile": True} if touch else {}
    tab = visit(NAME, reduced_motion="reduce", viewport={"width": 375, "height": 800}, **options)
    tab.wait_for_timeout(200)
    box = tab.locator("canvas").first.bounding_box()
    side = box["width"] / 4
    x, y = box["x"] + 2.5 * side, box["y"] + side / 2  # the third pivot
    if touch:
        tab.touchscreen.tap(x - side / 4, y)
    else:
        tab.mouse.move(x, y + side / 4)
        tab.mouse.down()
        tab.mouse.move(x - side / 4, y, steps=3)
        tab.mouse.up()
    rod = state(tab)["rods"][2]
    assert rod["theta"] == pytest.approx(np.pi / 2, abs=0.1)  # to the left
    assert rod["speed"] == 0
    tab.wait_for_function("location.hash.includes('agent=2')")


def test_keys_choose_an_agent_and_push_it(visit):
    tab = visit(NAME, reduced_motion="reduce")
    before = state(tab)["rods"][3]["speed"]
    tab.locator("canvas").first.focus()
    tab.keyboard.press("ArrowLeft")
    tab.keyboard.press(" ")
    assert state(tab)["rods"][3]["speed"] == pytest.approx(min(before + 5, 8))
    tab.wait_for_function("location.hash.includes('agent=3')")


def test_other_agents_and_starting_over(visit):
    tab = visit(NAME)
    hurry(tab)
    first = until(tab, "s.at >= 100")["curve"]
    tab.get_by_role("button", name="Other agents").click()
    other = until(tab, "s.at >= 100 && s.curve.length > 1")["curve"]
    assert other[0] != first[0]
    tab.get_by_role("button", name="Start over").click()
    again = until(tab, "s.at >= 100 && s.curve.length > 1")["curve"]
    assert again[:2] == other[:2]
    tab.wait_for_function("location.hash.includes('seed=1')")


def test_the_page_leaves_training_to_another_thread(visit, frames_a_second):
    """So that it draws while the agents learn: how often depends on the machine's cores."""
    tab = visit(NAME)
    hurry(tab)
    until(tab, "s.at >= 100")
    tab.evaluate(
        """() => {
             window.calls = 0;
             const methods = ddpgLiving.ddpg.Agent.prototype;
             for (const name of ["step", "learn", "evaluate"]) {
               const method = methods[name];
               methods[name] = function (...x) { window.calls++; return method.apply(this, x); };
             }
           }"""
    )
    before = state(tab)["at"]
    training, paused = frames_a_second(tab)
    print(f"{training:.0f} frames a second at step {state(tab)['at']}, {paused:.0f} paused")
    assert state(tab)["at"] > before
    assert tab.evaluate("window.calls") == 0


def test_most_agents_learn_and_the_caption_counts_them():
    steps, returns = living_figures.in_the_page()
    assert returns.shape == (51, 20)
    assert steps[-1] == 5_000
    assert living_figures.learned() >= 17
    assert (returns[-1, :4] > living_figures.FAILED).all()  # those that the page begins with
    caption = living_figures.FIGURES[NAME].caption
    assert f"{living_figures.learned()} of 20 recorded agents swing up by step 5,000" in caption
