"""Pendulum-v1: its exact model, its optimum on a grid, simple policies, and its drawings."""

from ddpg_lib.worlds.pendulum.drawing import (
    TORQUE_MAP,
    draw_map,
    draw_path,
    draw_pendulum,
    phase_plane,
)
from ddpg_lib.worlds.pendulum.grid import PendulumGrid
from ddpg_lib.worlds.pendulum.model import HORIZON, PendulumModel
from ddpg_lib.worlds.pendulum.optimum import DiscountedPendulumOptimum, PendulumOptimum
from ddpg_lib.worlds.pendulum.policies import (
    EnergyShaping,
    PendulumPolicy,
    RandomTorque,
    zero_torque,
)
from ddpg_lib.worlds.pendulum.simulation import Simulation, regret, simulate, start_states
from ddpg_lib.worlds.pendulum.values import pendulum_action_value

__all__ = [
    "HORIZON",
    "TORQUE_MAP",
    "DiscountedPendulumOptimum",
    "EnergyShaping",
    "PendulumGrid",
    "PendulumModel",
    "PendulumOptimum",
    "PendulumPolicy",
    "RandomTorque",
    "Simulation",
    "draw_map",
    "draw_path",
    "draw_pendulum",
    "pendulum_action_value",
    "phase_plane",
    "regret",
    "simulate",
    "start_states",
    "zero_torque",
]
