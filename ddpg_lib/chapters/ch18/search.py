"""An earlier search for the step sizes of the pendulum without its velocity.

It ran on seeds 100 to 103. ``ddpg train`` repeats each of its arms, here the first one::

    ddpg train ddpg_lib.worlds.hidden:PendulumWithoutVelocity-v0 --recipe pendulum_memory \
        --seeds 100-103 --actor-lr 0.0005 --critic-lr 0.001
"""

from __future__ import annotations

import csv

import numpy as np
from numpy.typing import NDArray

from ddpg_lib.results.recorded import DATA

Array = NDArray[np.float64]
FILE = DATA / "searches" / "hidden_velocity.csv"


def search() -> dict[tuple[float, float], Array]:
    """The agents' mean returns ``(4, evaluations)``, by the step sizes of actor and critic.

    An evaluation, ten episodes without noise, follows every thousand steps.
    """
    found: dict[tuple[float, float], list[list[float]]] = {}
    with FILE.open(newline="", encoding="utf-8") as file:
        for actor_lr, critic_lr, _, *returns in list(csv.reader(file))[1:]:
            arm = found.setdefault((float(actor_lr), float(critic_lr)), [])
            arm.append([float(x) for x in returns])
    return {rates: np.array(returns).T for rates, returns in found.items()}
