"""Record what the living figures show of trained agents: ``python tools/record_living.py``.

One agent is trained on Pendulum-v1 (a minute), and its networks are kept at several moments, as
16-bit numbers; the returns beside them are those of the rounded actors, which are what the page
plays. LunarLander's flights are those of the actors that ship in ``ddpg_lib/data/lunar_lander``.
Twenty agents of the page's own DDPG are trained in a Chromium, for a still of their curves.
All this goes to ``book/living/data``. From it the still pictures that notebooks show are drawn,
into ``ddpg_lib/data/stills``; every figure with a still whose mark stands in a notebook gets one.
Name ``pendulum``, ``lander``, ``training`` or ``stills`` to record only one.
"""

from __future__ import annotations

import html
import json
import platform
import sys
from pathlib import Path
from typing import Any

import gymnasium
import nbformat
import numpy as np
import torch
from browser import ADVICE, find_chromium, launch_options
from matplotlib import pyplot as plt
from playwright.sync_api import sync_playwright
from safetensors.numpy import save_file

from ddpg_lib import train
from ddpg_lib.chapters.ch14.lander import throttle
from ddpg_lib.chapters.stills import STILLS
from ddpg_lib.envs.making import make
from ddpg_lib.figures.page import GROUND, to_picture
from ddpg_lib.figures.style import use_house_style
from ddpg_lib.results.recorded import MOMENTS, recorded
from ddpg_lib.worlds.pendulum.simulation import simulate, start_states

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT / "book/living/data"
SEED = 0
# The warm-up takes 2,000 steps without an update. Then most happens at first.
STEPS = [2000, 2250, 2500, 2750, 3000, 3250, 3500, 3750, 4000, 4500, 5000, 6000, 7000, 8000, 10000]
STEPS += [12000]
STARTS = range(1_000_000, 1_000_020)  # of the returns beside the networks
FLIGHTS = (1_000_000, 1_000_001)
MOMENT_NAMES = dict(zip(MOMENTS, ("before training", "midway", "after training"), strict=True))


def versions() -> dict[str, str]:
    """Return what the numbers may depend on."""
    libraries = {m.__name__: m.__version__ for m in (gymnasium, np, torch)}
    return {"python": platform.python_version(), **libraries}


def pendulum() -> None:
    """Train one agent and keep its networks at ``STEPS``."""
    kept: dict[str, list[Any]] = {}
    returns = []

    def keep(run: Any) -> None:
        if run.steps[-1] not in STEPS:
            return
        agent = run.agent
        with torch.no_grad():
            before = {n: p.clone() for n, p in agent.actor.named_parameters()}
            for name in ("actor", "critic"):
                for key, x in getattr(agent, name).named_parameters():
                    kept.setdefault(f"{name}.{key}", []).append(x[0].numpy().astype(np.float16))
            for p in agent.actor.parameters():
                p.copy_(p.half().float())

            def policy(t: int, obs: Any) -> Any:
                return agent.act(obs[None])[0]

            returns.append(round(float(simulate(policy, STARTS).returns.mean()), 1))
            for n, p in agent.actor.named_parameters():
                p.copy_(before[n])

    train("Pendulum-v1", "pendulum", [SEED], eval_every=250, on_evaluation=keep)
    save_file({key: np.stack(x) for key, x in kept.items()}, DATA / "pendulum.safetensors")
    about = {
        "command": "python tools/record_living.py pendulum",
        "env": "Pendulum-v1",
        "recipe": "pendulum",
        "seed": SEED,
        "versions": versions(),
        "starts": [STARTS.start, STARTS.stop],
        "steps": STEPS,
        "returns": returns,
    }
    (DATA / "pendulum.json").write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")


def lander() -> None:
    """Fly the shipped actors of one agent from the same starts."""
    run = recorded("lunar_lander")
    place = run.middle_agent()
    flights = []
    for moment, seed in ((m, s) for s in FLIGHTS for m in MOMENTS):
        flights.append({"moment": MOMENT_NAMES[moment], **fly(run.agent(moment, [place]), seed)})
    about = {
        "command": "python tools/record_living.py lander",
        "env": run.env,
        "run": "lunar_lander",
        "seed": run.seeds[place],
        "versions": versions(),
        "flights": flights,
    }
    text = json.dumps(about, separators=(",", ":"))
    (DATA / "lander.json").write_text(text + "\n", encoding="utf-8")


def fly(agent: Any, seed: int) -> dict[str, Any]:
    """One flight without noise: the pilot's view of each step, and the ground below."""
    env = make("LunarLanderContinuous-v3")
    obs, _ = env.reset(seed=seed)
    world: Any = env.unwrapped
    ground = [[round(float(p[i][k]), 3) for k in (0, 1)] for p in world.sky_polys for i in (0,)]
    ground.append([round(float(x), 3) for x in world.sky_polys[-1][1]])
    rows: dict[str, list[float]] = {n: [] for n in ("x", "y", "angle", "main", "side", "q", "sum")}
    total, over = 0.0, False
    while not over:
        action = agent.act(obs[None, None])[0, 0]
        value = float(agent.q(obs[None, None], action[None, None])[0, 0])
        main, side = throttle(action)
        at = world.lander.position
        shown = (at.x, at.y, world.lander.angle, main, side * np.sign(action[1]), value, total)
        for column, number in zip(rows.values(), shown, strict=True):
            column.append(round(float(number), 3))
        obs, reward, terminated, truncated, _ = env.step(action)
        total += float(reward)
        over = terminated or truncated
    at = world.lander.position
    for name, number in zip(rows, (at.x, at.y, world.lander.angle, 0, 0, None, total), strict=True):
        rows[name].append(round(float(number), 3) if number is not None else rows[name][-1])
    end = "time is up" if truncated else "at rest" if not world.lander.awake else "crash"
    env.close()
    return {"start": seed, "end": end, "ground": ground, **rows}


IN_THE_PAGE = """({seeds, starts, steps, every}) => {
  const agents = seeds.map((seed) => new ddpgLiving.ddpg.Agent(seed));
  const curve = [[0, agents.map((x) => x.evaluate(starts))]];
  for (let at = 1; at <= steps; at++) {
    for (const x of agents) x.step();
    if (at % every === 0) curve.push([at, agents.map((x) => x.evaluate(starts))]);
  }
  return curve;
}"""


def train_in_the_page(seeds: list[int], steps: int, every: int = 100) -> list[Any]:
    """Returns of agents that ``book/living/ddpg.js`` trains: ``[[step, [return, ...]], ...]``."""
    starts = np.stack(start_states(range(1_000_000, 1_000_010)), axis=1).round(6).tolist()
    asked = {"seeds": seeds, "starts": starts, "steps": steps, "every": every}
    chromium = find_chromium()
    if chromium is None:
        raise SystemExit(ADVICE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**launch_options(chromium))
        page = browser.new_page()
        for file in ("core.js", "network.js", "ddpg.js"):
            page.add_script_tag(content=(DATA.parent / file).read_text(encoding="utf-8"))
        curve: list[Any] = page.evaluate(IN_THE_PAGE, asked)
        browser.close()
    return curve


def training() -> None:
    """Train the figure's first twenty agents as it does when nobody turns a dial."""
    found = train_in_the_page(list(range(20)), 5_000)
    curve = [[at, np.round(x, 1).tolist()] for at, x in found]
    about = {"command": "python tools/record_living.py training", "curve": curve}
    (DATA / "training.json").write_text(json.dumps(about) + "\n", encoding="utf-8")


def stills() -> None:
    """Draw what stands in notebooks in place of figures that live; what no longer does goes."""
    sys.path.insert(0, str(ROOT / "book/_ext"))
    from living_figures import FIGURES, MARK

    texts = [
        cell.source
        for path in sorted((ROOT / "notebooks").glob("*.ipynb"))
        for cell in nbformat.read(path, 4).cells
        if cell.cell_type == "markdown"
    ]
    marked = MARK.findall("\n".join(texts))
    drawn = {name: picture(FIGURES[name]) for name in marked if FIGURES[name].still}
    STILLS.mkdir(exist_ok=True)
    for path in STILLS.glob("*.svg"):
        path.unlink()
    for name, svg in drawn.items():
        (STILLS / f"{name}.svg").write_text(svg + "\n", encoding="utf-8")


def picture(living: Any) -> str:
    """The still of a living figure as SVG that stands alone, its alternative text as title."""
    use_house_style()
    figure = living.still()
    # After the ground, which stays first.
    title = f"\n<title>{html.escape(living.alt, quote=False)}</title>"
    head, ground, body = to_picture(figure).partition(GROUND)
    plt.close(figure)
    return head + ground + title + body


def main(wanted: list[str]) -> None:
    """Record what is named, or everything."""
    torch.set_num_threads(1)
    DATA.mkdir(parents=True, exist_ok=True)
    known = {"pendulum": pendulum, "lander": lander, "training": training, "stills": stills}
    unknown = set(wanted) - set(known)
    if unknown:
        raise SystemExit(f"cannot record {', '.join(sorted(unknown))}: only {', '.join(known)}")
    for name in wanted or known:
        known[name]()


if __name__ == "__main__":
    main(sys.argv[1:])
