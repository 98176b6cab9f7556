"""What a sweep is asked for: a file, read and checked before anything is trained.

::

    environments = ["Pendulum-v1"]    # Gymnasium ids, or module:Name
    recipe = "pendulum"               # what nothing below sets
    seeds = "100-103"                 # of the agents
    stack = 4                         # agents that a cell trains in lockstep; by default all seeds
    reserved_seeds = "300-307"        # of the report, which a search must not see
    keep_checkpoints = false          # of finished cells, which are what takes room

    [settings]                        # of every cell
    steps = 4_000

    [settings_of."Pendulum-v1"]       # of one environment's cells
    reward_scale = 0.1

    [grid]                            # every combination of these
    n_step = [1, 3]

    [random]                          # and with each combination, draws from these
    draws = 50
    seed = 0
    actor_lr = { low = 1e-4, high = 1e-2, scale = "log" }
    gamma = { values = [0.95, 0.98, 0.99] }
"""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import json
import math
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ddpg_lib.config import Config, require_one_of
from ddpg_lib.envs.making import make
from ddpg_lib.errors import did_you_mean
from ddpg_lib.parts.seeds import checked, parse_seeds
from ddpg_lib.recipes import recipe as recipe_named

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

SCALES = ("linear", "log")
NUMBERS = ("int", "float", "float | None")  # types of a hyperparameter that a range can be of
MOST = 100_000  # cells; more are a slip of the pen
# Hyperparameters that are younger than cells that exist, with what all of these were trained with:
# at that value they stay out of a cell's name, which would otherwise not be found again.
YOUNGER = {"precision": "float32"}


@dataclasses.dataclass(frozen=True)
class Range:
    """What a hyperparameter is drawn from: an interval, or a list of values.

    Attributes
    ----------
    low, high : float
        The interval's ends.
    scale : str
        "linear" or "log": whether the number or its logarithm is uniform.
    values : tuple
        Drawn with equal probability, in place of an interval.

    Raises
    ------
    ValueError
        If nothing could be drawn.
    """

    low: float = 0.0
    high: float = 0.0
    scale: str = "linear"
    values: tuple[Any, ...] = ()

    def __post_init__(self) -> None:
        require_one_of("scale", self.scale, SCALES)
        if self.values:
            return
        ends = (self.low, self.high)
        if not all(isinstance(x, int | float) and math.isfinite(x) for x in ends):
            raise ValueError(f"low and high must be finite numbers; got {self.low}, {self.high}")
        if not self.low < self.high:
            raise ValueError(f"low must be below high; got {self.low} and {self.high}")
        if self.scale == "log" and self.low <= 0:
            raise ValueError(f'low must be positive with scale = "log"; got {self.low}')

    def at(self, u: float, whole: bool = False) -> Any:
        """Return a value from ``low`` to ``high``, at a share ``u`` of the way, or of ``values``.

        ``u`` is at least 0 and below 1; ``whole`` rounds the value.
        """
        if self.values:
            return self.values[int(u * len(self.values))]
        if self.scale == "log":
            value = self.low * (self.high / self.low) ** u
        else:
            value = self.low + (self.high - self.low) * u
        return round(value) if whole else float(value)


@dataclasses.dataclass(frozen=True)
class Cell:
    """One stack of agents of a sweep: what it trains on, with what, and what varies.

    Attributes
    ----------
    env : str
        A Gymnasium id.
    config : Config
        All its hyperparameters.
    seeds : tuple of int
        One an agent.
    varied : dict
        Those hyperparameters that are not the same in all cells.
    """

    env: str
    config: Config
    seeds: tuple[int, ...]
    varied: Mapping[str, Any] = dataclasses.field(default_factory=dict, compare=False)

    @property
    def name(self) -> str:
        """Its folder's name, which depends on nothing but what it trains.

        So a finished cell is found again by a sweep that has grown or been put in another order.
        """
        settings = dataclasses.asdict(self.config)
        settings = {k: v for k, v in settings.items() if k not in YOUNGER or v != YOUNGER[k]}
        numbers = {k: float(v) if _is_number(v) else v for k, v in settings.items()}
        asked = json.dumps([self.env, numbers, self.seeds], sort_keys=True)
        digest = hashlib.sha256(asked.encode()).hexdigest()[:10]
        env = re.sub(r"[^\w.-]+", "-", self.env.rpartition(":")[2])
        seeds = f"{self.seeds[0]}-{self.seeds[-1]}" if self.seeds[1:] else str(self.seeds[0])
        return f"{env}-{seeds}-{digest}"

    def in_words(self) -> str:
        """It in a few words, for a message."""
        settings = [f"{name} {value:.4g}" if _is_number(value) else f"{name} {value}"
                    for name, value in self.varied.items()]  # fmt: skip
        return ", ".join([self.env, *settings, f"seeds {list(self.seeds)}"])


@dataclasses.dataclass(frozen=True)
class Study:
    """What a sweep is asked for. What cannot work is refused when it is made.

    Attributes
    ----------
    environments : tuple of str
        Gymnasium ids.
    seeds : tuple of int
        Of the agents.
    recipe : str
        The hyperparameters' name.
    stack : int
        Agents of a cell; 0 takes all seeds into one.
    reserved_seeds : tuple of int
        Seeds that no agent of this sweep may have, such as those of the report.
    settings : dict
        Hyperparameters of all cells that differ from the recipe's.
    settings_of : dict of dict
        The same for single environments.
    grid : dict of tuple
        Hyperparameters and their values, of which every combination is a cell.
    ranges : dict of Range
        Hyperparameters that are drawn at random, for each combination of the grid.
    draws : int
        How often.
    draw_seed : int
        Of the draws: with more draws, the first ones stay.
    keep_checkpoints : bool
        Whether a finished cell keeps its checkpoint, with which it can be extended or played.
    source : str
        The file's text, if there is one.

    Raises
    ------
    ValueError
        With what to change.
    """

    environments: tuple[str, ...]
    seeds: tuple[int, ...]
    recipe: str = "default"
    stack: int = 0
    reserved_seeds: tuple[int, ...] = ()
    settings: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    settings_of: Mapping[str, Mapping[str, Any]] = dataclasses.field(default_factory=dict)
    grid: Mapping[str, Sequence[Any]] = dataclasses.field(default_factory=dict)
    ranges: Mapping[str, Range] = dataclasses.field(default_factory=dict)
    draws: int = 0
    draw_seed: int = 0
    keep_checkpoints: bool = True
    source: str = dataclasses.field(default="", repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "seeds", checked(self.seeds))
        if not self.environments:
            raise ValueError('environments is empty: name one or more, such as ["Pendulum-v1"]')
        for env in self.environments:
            if self.environments.count(env) > 1:
                raise ValueError(f"environments names {env} twice")
        recipe_named(self.recipe)
        if shared := sorted({*self.seeds} & {*self.reserved_seeds}):
            raise ValueError(
                f"seeds and reserved_seeds share {', '.join(map(str, shared))}: what is tuned on a "
                "seed must be reported on others"
            )
        if self.stack < 0 or len(self.seeds) % (self.stack or 1):
            raise ValueError(
                f"stack must divide the number of seeds, {len(self.seeds)}; got {self.stack}"
            )
        for env in self.settings_of:
            require_one_of("settings_of", env, self.environments)
        self._require_names()
        self._require_one_place()
        self._require_draws()
        self._require_different(self.cells())

    @property
    def names(self) -> list[str]:
        """The hyperparameters that vary, the grid's first."""
        return [*self.grid, *self.ranges]

    def points(self) -> Iterator[dict[str, Any]]:
        """Yield every combination of the grid with every draw, ``{name: value, ...}``."""
        rng = np.random.default_rng(self.draw_seed)
        drawn = rng.random((self.draws, len(self.ranges))) if self.ranges else np.zeros((1, 0))
        whole = {name: _type(name) == "int" for name in self.ranges}
        for values in itertools.product(*self.grid.values()):
            for row in drawn:
                ranges = zip(self.ranges.items(), row.tolist(), strict=True)
                lots = {name: among.at(u, whole[name]) for (name, among), u in ranges}
                yield {**dict(zip(self.grid, values, strict=True)), **lots}

    def cells(self) -> list[Cell]:
        """All of them: environments side by side, so that what is there first compares them.

        Raises
        ------
        ValueError
            For a value that cannot work; says of which cell.
        """
        n = self.stack or len(self.seeds)
        stacks = [self.seeds[k : k + n] for k in range(0, len(self.seeds), n)]
        found = []
        for point in self.points():
            for env in self.environments:
                changes = {**self.settings, **self.settings_of.get(env, {}), **point}
                try:
                    config = recipe_named(self.recipe).replace(**changes)
                except ValueError as error:
                    raise ValueError(f"{_where(env, point)}: {error}") from None
                varied = {name: getattr(config, name) for name in point}
                found += [Cell(env, config, seeds, varied) for seeds in stacks]
        return found

    def _require_names(self) -> None:
        tables: dict[str, Mapping[str, Any]] = {"settings": self.settings, "grid": self.grid}
        tables |= {f'settings_of."{env}"': own for env, own in self.settings_of.items()}
        for table, names in {**tables, "random": self.ranges}.items():
            for name in names:
                if name not in Config.__dataclass_fields__:
                    near = did_you_mean(name, Config.__dataclass_fields__)
                    near = near or "; `ddpg train --help` lists them"
                    raise ValueError(f"{name} in [{table}] is no hyperparameter{near}")
        for name, values in self.grid.items():
            if not isinstance(values, list | tuple):
                raise ValueError(f"grid.{name} must be a list of values; got {values!r}")
            if not values:
                raise ValueError(
                    f"grid.{name} is empty: give it one value or more, or leave it out"
                )

    def _require_one_place(self) -> None:
        of = {name for own in self.settings_of.values() for name in own}
        places = {"settings": {*self.settings}, "settings_of": of, "grid": {*self.grid},
                  "random": {*self.ranges}}  # fmt: skip
        for (one, a), (other, b) in itertools.combinations(places.items(), 2):
            if {one, other} != {"settings", "settings_of"} and (twice := sorted(a & b)):
                raise ValueError(f"{twice[0]} is set in [{one}] and in [{other}]: keep one of them")

    def _require_draws(self) -> None:
        if bool(self.ranges) != (self.draws > 0):
            raise ValueError(
                "[random] needs draws, at least 1, and one hyperparameter or more; got "
                f"draws = {self.draws} and {', '.join(self.ranges) or 'no hyperparameter'}"
            )
        for name, among in self.ranges.items():
            if not among.values and _type(name) not in NUMBERS:
                raise ValueError(f"random.{name} is no number: give it values = [...]")
        number = math.prod(map(len, self.grid.values())) * max(self.draws, 1)
        if number > MOST:
            raise ValueError(f"the grid and the draws make {number:,} points, more than {MOST:,}")

    @staticmethod
    def _require_different(cells: Sequence[Cell]) -> None:
        known: dict[Cell, Cell] = {}
        for cell in cells:
            if cell in known:
                raise ValueError(
                    f"twice the same cell: {cell.in_words()}. A value is listed twice, or is the "
                    "same after rounding"
                )
            known[cell] = cell


KEYS = ("environments", "recipe", "seeds", "stack", "reserved_seeds", "keep_checkpoints",
        "settings", "settings_of", "grid", "random")  # fmt: skip


def read_study(path: Path) -> Study:
    """The study that a TOML file asks for, see :mod:`ddpg_lib.sweep.study`.

    Raises
    ------
    ValueError
        If the file is not there or not TOML, or asks for what cannot work; names the file.
    """
    try:
        text = path.read_text(encoding="utf-8")
        return _study(tomllib.loads(text), text)
    except OSError as error:
        raise ValueError(f"cannot read the sweep file {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ValueError(f"{path} is no text: a sweep file is TOML") from None
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{path} is not TOML: {error}") from None
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def require_environments(study: Study) -> None:
    """Make one of each environment, and close it.

    Raises
    ------
    ValueError
        If one is unknown or cannot be made, or its spaces are not for DDPG.
    """
    for env in study.environments:
        make(env).close()


def _study(data: dict[str, Any], text: str) -> Study:
    _require_keys("the sweep file", data, KEYS)
    for key in ("environments", "seeds"):
        if key not in data:
            raise ValueError(f"{key} is missing")
    grid, random = _table(data, "grid"), _table(data, "random")
    if "grid" in data and not grid:
        raise ValueError(
            "[grid] is empty: put a hyperparameter with its values below it, such as "
            "n_step = [1, 3], or leave it out"
        )
    if "random" in data and not {*random} - {"seed"}:
        raise ValueError(
            "[random] is empty: put draws and a hyperparameter to draw below it, or leave it out"
        )
    kinds = {"recipe": (str, "a name"), "stack": (int, "a whole number"),
             "keep_checkpoints": (bool, "true or false")}  # fmt: skip
    given = {}
    for key, (kind, what) in kinds.items():
        if key in data:
            if type(data[key]) is not kind:
                raise ValueError(f"{key} must be {what}; got {data[key]!r}")
            given[key] = data[key]
    for key in ("draws", "seed"):
        if type(random.get(key, 0)) is not int or random.get(key, 0) < 0:
            raise ValueError(
                f"random.{key} must be a whole number, not negative; got {random[key]}"
            )
    environments = data["environments"]
    if not isinstance(environments, list) or not all(isinstance(x, str) for x in environments):
        raise ValueError(f'environments must be a list such as ["Pendulum-v1"]; got {environments}')
    settings_of = _table(data, "settings_of")
    return Study(
        environments=tuple(environments),
        seeds=_seeds("seeds", data["seeds"]),
        reserved_seeds=_seeds("reserved_seeds", data.get("reserved_seeds", [])),
        settings=_table(data, "settings"),
        settings_of={env: _table(settings_of, env, "settings_of.") for env in settings_of},
        grid=grid,
        ranges={k: _range(k, v) for k, v in random.items() if k not in ("draws", "seed")},
        draws=random.get("draws", 0),
        draw_seed=random.get("seed", 0),
        source=text,
        **given,
    )


def _require_keys(what: str, data: Mapping[str, Any], known: Sequence[str]) -> None:
    for key in data:
        if key not in known:
            if key in Config.__dataclass_fields__ and "settings" in known:
                raise ValueError(f"{key} is a hyperparameter: it belongs below [settings]")
            near = did_you_mean(key, known) or f"; it knows {', '.join(known)}"
            raise ValueError(f"{what} has no {key!r}{near}")


def _table(data: Mapping[str, Any], key: str, within: str = "") -> dict[str, Any]:
    table = data.get(key, {})
    if not isinstance(table, dict):
        raise ValueError(f"{within}{key} must be a table: write it as [{within}{key}]")
    return table


def _seeds(key: str, given: Any) -> tuple[int, ...]:
    try:
        if isinstance(given, str):
            return tuple(parse_seeds(given.split()))
        return checked(given) if given else ()
    except ValueError as error:
        raise ValueError(f'{key}: {error}; write "100-103" or [100, 101, 102, 103]') from None


def _range(name: str, given: Any) -> Range:
    if not isinstance(given, dict):
        raise ValueError(
            f"random.{name} must say what to draw from, as {{ low = 1e-4, high = 1e-2 }} or "
            f"{{ values = [1, 2] }}; got {given!r}"
        )
    _require_keys(f"random.{name}", given, [x.name for x in dataclasses.fields(Range)])
    values = given.get("values")
    if values is not None and (not isinstance(values, list) or not values or len(given) > 1):
        raise ValueError(f"random.{name} must have values = [...] alone, and not empty")
    if values is None and not {"low", "high"} <= given.keys():
        raise ValueError(f"random.{name} needs low and high, or values")
    try:
        return Range(**{**given, "values": tuple(values or ())})
    except ValueError as error:
        raise ValueError(f"random.{name}: {error}") from None


def _where(env: str, point: Mapping[str, Any]) -> str:
    return ", ".join([env, *(f"{name} {value}" for name, value in point.items())])


def _type(name: str) -> str:
    return str(Config.__dataclass_fields__[name].type)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
