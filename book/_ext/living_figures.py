"""Put the living figures on their pages: what a reader plays with, and a still for everyone else.

A line ``<!-- living figure: NAME -->`` in a notebook shows nothing in JupyterLab or Colab; the
paragraph after it says what is to be seen and links to the book's page, and the cell below shows
the still picture there. While the book is built, mark and paragraph become a ``<figure>`` with the
same still, which scripts replace if they run, and the cell is dropped. The scripts lie in
``book/living`` and, with the data that they need, go to ``_living`` beside the pages. To write a
figure NAME:

1. On a page, on a line of its own: ``<!-- living figure: NAME -->``, then a paragraph with a link
   to the book's page, ``…/PAGE.html#NAME`` (the book drops it, Colab shows it). In a notebook it
   ends its cell, and below stands a code cell with the tag ``remove-cell``, which imports
   ``show_still`` from ``ddpg_lib.chapters`` and says ``show_still("NAME")``.
2. Here, an entry of ``FIGURES``: title, descriptions, scripts, data (what functions in ``DATA``
   return becomes ``ddpgLiving.data.KEY``), still picture.
3. ``python tools/record_living.py stills`` draws the picture for the notebook, again whenever it
   has changed; then ``make notebooks NB=…``.
4. In ``book/living/FILE.js``::

    ddpgLiving.define("NAME", fig => {
      const s = fig.state({step: 0, theta: 3.1});    // from the address, #NAME?step=3&theta=1.2
      fig.canvas({label: "...", ratio: 1, draw(c, w, h, color) { ... }});
      fig.slider({label: "Step", min: 0, max: 9, key: "step", show: v => `${v}`});
      fig.button("Push", () => { ... });
      fig.loop(20, () => { ... }, {play: true});     // 20 steps a second; makes Play and Pause
      fig.onstate = () => { ... };                   // the address has changed the state
    });

``fig.save()`` writes the state to the address (a slider or choice with a ``key`` does so);
``fig.draw()`` draws all canvases in the next frame; ``fig.output()`` makes a line of text,
``fig.say(text)`` tells screen readers. In ``draw``, ``c`` is a 2D context in CSS pixels and
``color`` has the book's colors by name. Loops stop out of sight and begin paused where reduced
motion is preferred. ``fig.rate(r)`` changes the steps a second.

``ddpgLiving.pendulum`` is Gymnasium's Pendulum-v1 in float64 and ``ddpgLiving.Rod`` one that moves;
``ddpgLiving.random(seed)`` gives ``uniform()`` and ``normal()``. ``network.js`` has dense networks
with ``forward`` and ``backward``, and reads recorded ones.
"""

from __future__ import annotations

import base64
import functools
import html
import json
import re
import shutil
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from docutils import nodes
from living_quiz import quiz
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from safetensors.numpy import load_file
from sphinx.application import Sphinx
from sphinx.util import logging

from ddpg_lib.figures.page import to_svg
from ddpg_lib.figures.style import COLORS, use_house_style
from ddpg_lib.recipes import RECIPES
from ddpg_lib.worlds.pendulum import (
    EnergyShaping,
    PendulumModel,
    PendulumOptimum,
    RandomTorque,
)
from ddpg_lib.worlds.pendulum.drawing import draw_pendulum
from ddpg_lib.worlds.pendulum.simulation import simulate, start_states

logger = logging.getLogger(__name__)
LIVING = Path(__file__).resolve().parents[1] / "living"
MARK = re.compile(r"<!-- living figure: ([\w-]+) -->")
FOLDER = "_living"
HORIZON = 200
RANDOM_EPISODES = 200
FAILED = -300.0  # a mean return of the pendulum below it


@dataclass(frozen=True)
class Living:
    """A living figure.

    Attributes
    ----------
    title, alt, caption : str
        Its name; what the still shows; what the reader can do.
    still : callable, or None
        Draws the still picture. None: ``instead`` stands in for it.
    scripts : tuple of str
        Files of ``book/living``, after ``core.js``.
    data : tuple of str
        Keys of ``DATA``.
    instead : str
        Words over a fold with all sections that follow the figure inside its own. It is open
        until a script closes it.
    """

    title: str
    alt: str
    caption: str
    still: Callable[[], Figure] | None
    scripts: tuple[str, ...]
    data: tuple[str, ...] = ()
    instead: str = ""


# ---- Data ----


@functools.cache
def rulers() -> dict[str, Any]:
    """Starts of the pendulum and, for each, the return so far of policies that do not learn."""
    model, optimum = PendulumModel(), PendulumOptimum()
    theta, speed = start_states(range(6))
    theta, speed = np.append(np.pi, theta), np.append(0.0, speed)  # the first hangs at rest

    def sums(policy: Any, theta: Any, speed: Any) -> Any:
        rewards = []
        for t in range(HORIZON):
            torque = policy(t, model.observation(theta, speed))
            theta, speed, reward = model.step(theta, speed, torque)
            rewards.append(reward)
        return np.cumsum(rewards, axis=0).T

    many = sums(RandomTorque(0), *(np.repeat(x, RANDOM_EPISODES) for x in (theta, speed)))
    curves = {
        "random": many.reshape(len(theta), RANDOM_EPISODES, HORIZON).mean(axis=1),
        "shaping": sums(EnergyShaping(), theta, speed),
        "optimum": sums(optimum, theta, speed),
    }
    return {
        "starts": np.stack([theta, speed], axis=1).round(9).tolist(),
        **{name: x.round(1).tolist() for name, x in curves.items()},
    }


def about() -> dict[str, Any]:
    """How the agent of the pendulum's figures was trained, and what its actors earn."""
    found: dict[str, Any] = json.loads((LIVING / "data/pendulum.json").read_text(encoding="utf-8"))
    return found


def weights(name: str) -> dict[str, Any]:
    """Networks of every kept moment, each one string: layer by layer, weights, then biases."""
    stored = load_file(LIVING / "data/pendulum.safetensors")
    layers = [stored[f"{name}.layers.{i}.{kind}"] for i in range(3) for kind in ("weight", "bias")]
    flat = np.concatenate([x.reshape(len(x), -1) for x in layers], axis=1).astype("<f2")
    networks = [base64.b64encode(row.tobytes()).decode() for row in flat]
    kept = {key: about()[key] for key in ("steps", "returns", "seed")}
    kept["scale"] = RECIPES[about()["recipe"]].reward_scale
    inputs = stored[f"{name}.layers.0.weight"].shape[1]
    return {"sizes": [inputs, 64, 64, 1], "bits": 16, "networks": networks, **kept}


def last_actor() -> dict[str, Any]:
    """The actor at the end of the training, and nothing else."""
    found = weights("actor")
    return {"sizes": found["sizes"], "bits": found["bits"], "weights": found["networks"][-1]}


def network(name: str, x: Any) -> Any:
    """What the last actor, before its tanh, or critic says of rows ``x``."""
    stored = load_file(LIVING / "data/pendulum.safetensors")
    layers = [
        [stored[f"{name}.layers.{i}.{k}"][-1].astype(float) for k in ("weight", "bias")]
        for i in range(3)
    ]
    for weight, bias in layers[:-1]:
        x = np.tanh(x @ weight + bias)
    return x @ layers[-1][0] + layers[-1][1]


def flights() -> dict[str, Any]:
    """The lander's recorded flights."""
    found: dict[str, Any] = json.loads((LIVING / "data/lander.json").read_text(encoding="utf-8"))
    return found


@functools.cache
def evaluations() -> dict[str, Any]:
    """Chapter 0's ten starts, and the mean return from them of the optimum and of random torque."""
    seeds = range(1_000_000, 1_000_010)
    many = [simulate(RandomTorque(i), seeds).returns.mean() for i in range(20)]
    return {
        "starts": np.stack(start_states(seeds), axis=1).round(6).tolist(),
        "optimum": round(float(simulate(PendulumOptimum(), seeds).returns.mean()), 1),
        "random": round(float(np.mean(many)), 1),
    }


DATA: dict[str, Callable[[], dict[str, Any]]] = {
    "evaluations": evaluations,
    "rulers": rulers,
    "actors": lambda: weights("actor"),
    "critics": lambda: weights("critic"),
    "flights": flights,
    "actor": last_actor,
    "quiz": quiz,
}


# ---- Stills ----


def swing_still() -> Figure:
    """The hanging pendulum, pushed, and the three rulers."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(7.2, 3.2), width_ratios=[1, 1.5])
    left.set(xlim=(-1.3, 1.3), ylim=(-1.3, 1.3), aspect="equal")
    left.axis("off")
    draw_pendulum(left, np.pi - 0.7, 2.0)
    found, time = rulers(), np.arange(1, HORIZON + 1) / 20
    names = {"optimum": "ink", "shaping": "replay", "random": "muted"}
    for name, color in names.items():
        right.plot(time, found[name][0], color=COLORS[color], label=name)
    right.set(xlabel="seconds", title="Return so far, from hanging at rest")
    right.legend(["optimum", "energy shaping", "random torque"])
    return figure


def landscape_still() -> Figure:
    """The last critic's values of the hanging pendulum's torques, and the actor's choice."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(7.2, 3.2), width_ratios=[1, 1.5])
    left.set(xlim=(-1.3, 1.3), ylim=(-1.3, 1.3), aspect="equal")
    left.axis("off")
    obs = PendulumModel().observation(np.pi, 0.0)
    action = 2 * float(np.tanh(network("actor", obs).item()))
    draw_pendulum(left, np.pi, action)
    torques = np.linspace(-2, 2, 81)
    scale = RECIPES[about()["recipe"]].reward_scale

    def q(u: Any) -> Any:
        rows = np.column_stack([np.tile(obs, (len(u), 1)), np.asarray(u) / 2])
        return network("critic", rows)[:, 0] / scale

    right.plot(torques, q(torques), color=COLORS["critic"])
    right.plot([action], q([action]), "o", color=COLORS["actor"])
    right.set(xlabel="torque (N m)", title="Q(s, ·), hanging at rest")
    return figure


def front_still() -> Figure:
    """The last actor's swing from hanging at rest, at every fifth step until it stands."""
    figure, ax = plt.subplots(figsize=(3.4, 3.1))
    ax.set(xlim=(-1.2, 1.2), ylim=(-1.1, 1.1), aspect="equal")
    ax.axis("off")
    model = PendulumModel()
    theta: Any = np.pi
    speed: Any = 0.0
    for t in range(HORIZON):
        torque = 2 * np.tanh(network("actor", model.observation(theta, speed))).item()
        stands = np.cos(theta) > 0.999 and abs(speed) < 0.02
        if stands or t % 5 == 0:
            draw_pendulum(ax, float(theta), None, alpha=1.0 if stands else 0.13)
        if stands:
            break
        theta, speed, _ = model.step(theta, speed, torque)
    return figure


def training_still() -> Figure:
    """The mean returns of the recorded actors."""
    figure, ax = plt.subplots(figsize=(6, 3.2))
    found = about()
    ax.plot(found["steps"], found["returns"], "o-", ms=4, color=COLORS["actor"])
    ax.set(xlabel="steps of training", title="Mean return over 20 starts")
    ax.xaxis.set_major_formatter("{x:,.0f}")
    return figure


def lander_still() -> Figure:
    """The paths of the recorded flights from the first start."""
    figure, ax = plt.subplots(figsize=(6, 3.6))
    found = flights()["flights"]
    first = [f for f in found if f["start"] == found[0]["start"]]
    ax.plot(*np.transpose(first[0]["ground"]), color=COLORS["ink"])
    for flight, color in zip(first, ("muted", "noise", "actor"), strict=True):
        name = f"{flight['moment']}: {flight['end']}"
        ax.plot(flight["x"], flight["y"], color=COLORS[color], label=name)
    ax.set(aspect="equal", xlim=(0, 20), ylim=(0, 400 / 30))
    ax.axis("off")
    ax.legend(loc="upper left")
    return figure


@functools.cache
def in_the_page() -> tuple[Any, Any]:
    """Steps, and returns of twenty agents that the page's own program trained; recorded."""
    curve = json.loads((LIVING / "data/training.json").read_text(encoding="utf-8"))["curve"]
    steps, returns = zip(*curve, strict=True)
    return np.array(steps), np.array(returns)


def learned() -> int:
    """How many of the twenty do not count as failed at the end, by chapter 0's measure."""
    return int((in_the_page()[1][-1] > FAILED).sum())


def in_the_page_still() -> Figure:
    """The returns of the agents with which the page begins."""
    figure, ax = plt.subplots(figsize=(7.2, 3.4))
    steps, returns = in_the_page()
    returns = returns[:, :4]
    ax.plot(steps, returns, color=COLORS["actor"], lw=1.4)
    for name, color in {"optimum": "ink", "random": "muted"}.items():
        ax.axhline(evaluations()[name], color=COLORS[color], ls="--", lw=1.2)
        words = {"optimum": "optimum", "random": "random torque"}[name]
        ax.text(steps[-1], evaluations()[name] + 45, words, ha="right", color=COLORS[color])
    ax.set(xlabel="steps of each agent", ylim=(-2000, 0), title="Mean return without noise")
    ax.xaxis.set_major_formatter("{x:,.0f}")
    return figure


FIGURES: dict[str, Living] = {
    "pendulum": Living(
        "The pendulum",
        "A pendulum swings from side to side, higher each time, until it stands upright.",
        f"A network that DDPG trained for {about()['steps'][-1]:,} steps chooses the torque, the "
        "blue arc. Press the pendulum for a push.",
        front_still,
        ("network.js", "front.js"),
        ("actor",),
    ),
    "train-in-the-page": Living(
        "Train in the page",
        "Returns of four agents over their steps of training: they begin near those of random "
        "torque, fall when they begin to learn, and rise to the optimum one after the other.",
        "Four agents begin from nothing, each with a small DDPG of its own that runs in this page. "
        "Above are their pendulums, swung by the actors of this moment without noise; below, the "
        "mean return of ten episodes from the ten starts that this chapter evaluates on, one line "
        "an agent. Gray: random torques that fill the buffer. Turn the noise, the target rate, or "
        "Adam's step size, or switch on a bug of chapter 12. As it is set here, "
        f"{learned()} of {in_the_page()[1].shape[1]} recorded agents swing up by step "
        f"{in_the_page()[0][-1]:,}.",
        in_the_page_still,
        ("network.js", "ddpg.js", "train.js"),
        ("evaluations",),
    ),
    "swing-the-pendulum-by-hand": Living(
        "Swing it yourself",
        "Left a pendulum, pushed counterclockwise. Right the return so far over ten seconds of "
        "three policies: the optimum and energy shaping level off, random torque falls on.",
        "Swing the pendulum up with the arrow keys, by dragging towards where the tip should go, "
        "or with the slider. Ten seconds, 200 torques; the return so far is drawn beside those "
        f"of the optimum, energy shaping, and random torque (mean of {RANDOM_EPISODES} episodes) "
        "from the same start.",
        swing_still,
        ("swing.js",),
        ("rulers",),
    ),
    "q-landscape-and-arrow": Living(
        "The landscape",
        "Left a hanging pendulum. Right the learned value of every torque as an orange curve, "
        "and a blue dot on it, the actor's torque.",
        "Drag the pendulum to a state, and see the critic's value of every torque there, the "
        "actor's torque (dot), the slope that moves it (arrow), and the highest point (tick). The "
        "first slider goes through the training of one agent; below, what its actor says in this "
        "state through all of it, with the slopes.",
        landscape_still,
        ("network.js", "landscape.js"),
        ("actors", "critics"),
    ),
    "scrub-through-training": Living(
        "Scrub through training",
        "Mean return of one agent's recorded actors against the steps of training; it rises from "
        "below −1,000 to about −150.",
        "The slider chooses a moment in one agent's training; the actor of that moment swings the "
        "pendulum. Push it, or drag it somewhere and let go, and see whether it recovers.",
        training_still,
        ("network.js", "landscape.js", "scrub.js"),
        ("actors",),
    ),
    "lander-flights": Living(
        "The lander's flights",
        "Three paths from one start above the ground: before training, midway, and after.",
        "Flights of one agent's actor before training, midway, and after, without noise, from "
        "two starts. Drag the time: thrust, the critic's value, and the return so far.",
        lander_still,
        ("lander.js",),
        ("flights",),
    ),
    "spot-the-bug": Living(
        "Spot the bug",
        "",
        "Look at the curves of a run, then press the answer that they support best, or its letter. "
        "Thin lines: agents, eight or ten; thick: interquartile mean; band: its 95% bootstrap "
        "interval. "
        "Press a line to see the same agent in all panels. The address keeps your answers.",
        None,
        ("quiz.js",),
        ("quiz",),
        "The same runs below each other",
    ),
}


# ---- The page ----


def figure_html(name: str, docname: str, loaded: set[str], address: str = "") -> str:
    """The figure's HTML with the scripts and data that its page has not loaded yet.

    On paper the caption also says the address at which the figure lives.
    """
    living = FIGURES[name]
    still = ""
    if living.still:
        use_house_style()
        drawing = living.still()
        still = f'<div class="living-still">{to_svg(drawing, living.alt)}</div>'
        plt.close(drawing)
    root = "../" * docname.count("/") + FOLDER
    files = ["living.css", "core.js", *(f"data-{x}.js" for x in living.data), *living.scripts]
    tags = []
    for file in files:
        if file in loaded:
            continue
        loaded.add(file)
        if file.endswith(".css"):
            tags.append(f'<link rel="stylesheet" href="{root}/{file}">')
        else:
            tags.append(f'<script defer src="{root}/{file}"></script>')
    title, caption = html.escape(living.title), html.escape(living.caption)
    printed = address and f' <span class="living-address">{html.escape(address)}</span>'
    return (
        f'{"".join(tags)}<figure class="living" id="{name}" data-living="{name}" '
        f'aria-label="{title}">{still}'
        f"<figcaption><strong>{title}.</strong> {caption}{printed}</figcaption></figure>"
    )


def read(app: Sphinx, doctree: nodes.document) -> None:
    """Replace the marks of one page that has just been read, and what stands in for them."""
    docname, loaded = app.env.docname, set[str]()
    for raw in list(doctree.findall(nodes.raw)):
        mark = MARK.fullmatch(raw.astext().strip())
        if mark is None:
            continue
        name = mark[1]
        if name not in FIGURES:
            text = "there is no living figure %r in book/_ext/living_figures.py"
            logger.warning(text, name, location=raw, type="living_figures")
            continue
        link = f"{docname}.html#{name}"
        after = raw.next_node(descend=False, siblings=True, ascend=False)
        links = [r.get("refuri", "") for r in after.findall(nodes.reference)] if after else []
        address = next((uri for uri in links if uri.endswith(link)), "")
        if address:
            after.parent.remove(after)
        else:
            text = "the paragraph after a living figure must link to the book's page, …/%s"
            logger.warning(text, link, location=raw, type="living_figures")
        drawn = nodes.raw("", figure_html(name, docname, loaded, address), format="html")
        raw.replace_self(drawn)
        if FIGURES[name].instead:
            fold(drawn, FIGURES[name].instead)


def fold(figure: nodes.raw, title: str) -> None:
    """Put the sections after a figure into a fold."""
    parent = figure.parent
    sections = [x for x in parent.children[parent.index(figure) :] if isinstance(x, nodes.section)]
    begin = f'<details class="living-list" open><summary>{html.escape(title)}</summary>'
    if not sections:
        logger.warning("no sections follow %r", title, location=figure, type="living_figures")
        return
    parent.insert(parent.index(sections[0]), nodes.raw("", begin, format="html"))
    parent.insert(parent.index(sections[-1]) + 1, nodes.raw("", "</details>", format="html"))


def write(root: Path) -> None:
    """Put scripts and data into a folder of ``root``."""
    folder = root / FOLDER
    folder.mkdir(exist_ok=True)
    for source in (*LIVING.glob("*.js"), *LIVING.glob("*.css")):
        shutil.copyfile(source, folder / source.name)
    for name in sorted({x for living in FIGURES.values() for x in living.data}):
        text = json.dumps(DATA[name](), separators=(",", ":"))
        script = "(window.ddpgLiving = window.ddpgLiving || {}).data = "
        script += f"{{...ddpgLiving.data, {name}: {text}}};"
        (folder / f"data-{name}.js").write_text(script + "\n", encoding="utf-8")


def copy(app: Sphinx, error: Exception | None) -> None:
    """Put scripts and data beside the pages."""
    if error is None and app.builder.format == "html":
        write(Path(app.outdir))


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension with Sphinx."""
    app.connect("doctree-read", read)
    app.connect("build-finished", copy)
    version = zlib.crc32(Path(__file__).read_bytes())
    return {"env_version": version, "parallel_read_safe": True, "parallel_write_safe": True}
