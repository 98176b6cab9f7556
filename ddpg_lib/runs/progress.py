"""The progress bar of a run."""

from __future__ import annotations

from typing import Any

from tqdm import tqdm

from ddpg_lib.runs.plan import Plan


class Progress(tqdm):  # type: ignore[type-arg]
    """Steps, agent-steps a second, time left, and the last evaluation's mean return.

    The bar is as long as the ``plan`` has steps; ``done`` were taken before.
    """

    def __init__(self, plan: Plan, done: int, shown: bool) -> None:
        self.agents = len(plan.seeds)
        super().__init__(
            total=plan.config.steps,
            initial=done,
            disable=not shown,
            leave=False,
            ncols=80,
            unit="step",
            bar_format="{bar}{n:,}/{total:,} steps{speed}, {remaining} left{postfix}",
        )

    def note(self, value: float) -> None:
        """Show a mean return."""
        self.set_postfix_str(f"return {value:.0f}")

    @property
    def format_dict(self) -> dict[str, Any]:
        """What ``bar_format`` may name."""
        known = dict(super().format_dict)
        rate = known["rate"]
        if not rate and known["elapsed"]:
            rate = (known["n"] - known["initial"]) / known["elapsed"]
        speed = f", {self.agents * rate:,.0f} agent-steps/s" if rate else ""
        return {**known, "speed": speed}
