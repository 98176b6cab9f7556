"""Draw the README's picture from a fresh run: eight agents learn Pendulum-v1, and swing it up.

``python tools/readme_picture.py`` takes about a minute and writes ``book/_static/readme.svg``, and
from it ``share.png``, which other sites show where somebody links to a page of the book.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from browser import ADVICE, find_chromium, launch_options
from matplotlib import pyplot as plt
from playwright.sync_api import sync_playwright

from ddpg_lib import evaluate, train
from ddpg_lib.figures.curves import learning_curves
from ddpg_lib.figures.page import to_svg
from ddpg_lib.figures.style import COLORS, use_house_style
from ddpg_lib.worlds.pendulum.drawing import draw_map, draw_path
from ddpg_lib.worlds.pendulum.optimum import PendulumOptimum
from ddpg_lib.worlds.pendulum.simulation import simulate

TARGET = Path(__file__).parent.parent / "book" / "_static" / "readme.svg"
START = 1_000_005  # a start low down, from which the pendulum must be swung up
# GitHub shows the picture as an image, which cannot see the page's colors but the system's theme.
THEMES = """<style>
svg { color: #1b1f24 }
@media (prefers-color-scheme: dark) {
  svg { color: #e8eaed; --ddpg-actor: #56b0ea; --ddpg-grid: #3a3f46 }
}
</style>"""
SHARED = (1200, 630)  # pixels, the shape that such sites cut pictures to
CARD = """<body style="margin: 0; width: 1200px; height: 630px; background: #fcfbf8; display: grid;
place-items: center; color: #1b1f24"><div style="width: 1120px">
<div style="font: 700 46px sans-serif; margin-bottom: 24px">Deep Deterministic Policy Gradient</div>
SVG</div>"""


def share(svg: str, chromium: str) -> None:
    """Write the picture for other sites, which take no SVG."""
    width, height = SHARED
    drawing = svg.replace("<svg ", '<svg style="width: 1120px; height: auto" ', 1)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**launch_options(chromium))
        page = browser.new_page(viewport={"width": width, "height": height})
        page.set_content(CARD.replace("SVG", drawing))
        page.screenshot(path=TARGET.with_name("share.png"))
        browser.close()


def main() -> None:
    """Train, draw and write."""
    chromium = find_chromium()
    if chromium is None:
        raise SystemExit(ADVICE)
    seeds = range(8)
    run = train("Pendulum-v1", "pendulum", seeds=seeds)
    optimum = PendulumOptimum()
    starts = range(1_000_000, 1_000_000 + run.config.eval_episodes)
    use_house_style()
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), width_ratios=(1.15, 1))
    learning_curves(run, optimum=simulate(optimum, starts).returns.mean(), ax=left)
    draw_map(right, optimum.grid, optimum.values[0], cmap="Greys_r", vmin=-400, vmax=60, alpha=0.55)
    for i in seeds:

        def policy(t: int, obs: np.ndarray, i: int = i) -> np.ndarray:
            return run.agent.act(np.broadcast_to(obs, (len(seeds), *obs.shape)))[i]

        path = simulate(policy, [START])
        draw_path(right, path.theta[0], path.theta_dot[0], color=COLORS["actor"], lw=1)
    path = simulate(optimum, [START])
    draw_path(right, path.theta[0], path.theta_dot[0], color=COLORS["ink"], lw=2)
    svg = to_svg(
        figure,
        "Left: learning curves of eight DDPG agents on Pendulum-v1, which all reach the dashed "
        "line of the exact optimum. Right: their swing-ups in the phase plane beside the best one.",
    )
    head, body = svg.split(">", 1)
    TARGET.write_text(f"{head}>{THEMES}{body}\n")
    share(TARGET.read_text(), chromium)
    final = evaluate(run.agent, "Pendulum-v1", 100).mean()
    best = simulate(optimum, range(1_000_000, 1_000_100)).returns.mean()
    print(f"{TARGET.name}: mean return {final:.1f}, optimum {best:.1f} on the same 100 starts")


if __name__ == "__main__":
    main()
