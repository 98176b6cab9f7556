"""The commands of the command line: dataclasses whose fields are their options.

A command imports what it works with in its ``run``, after it has refused what it can, so that help
and refusals come at once.
"""

from __future__ import annotations

import ast
import contextlib
import dataclasses
import io
import itertools
import json
import re
import shlex
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from tyro.conf import OmitArgPrefixes, Positional, arg

from ddpg_lib.cli.checks import (
    holds_system,
    require_at_least_one,
    require_environment,
    require_free,
    require_lightning,
    require_output,
    require_run,
    writing,
)
from ddpg_lib.config import Config
from ddpg_lib.parts.seeds import checked, parse_seeds
from ddpg_lib.recipes import RECIPES
from ddpg_lib.results.experiments import experiment
from ddpg_lib.runs.logs import read_log

if TYPE_CHECKING:
    from ddpg_lib.runs.run import Run

Folder = Annotated[Path, arg(metavar="RUN")]
Folders = Annotated[tuple[Path, ...], arg(metavar="RUN [RUN ...]")]
FIGURES = (".svg", ".pdf", ".png", ".eps", ".ps", ".jpg", ".tif", ".webp")
FILMS = (".mp4", ".gif")
POLICIES = (".npz", ".onnx")
LARGEST = 100  # inches; Matplotlib draws no picture of more than 65,536 pixels a side
WORDS = {"true": True, "false": False, "none": None, "null": None}  # in any case


@dataclasses.dataclass
class Train:
    """Train a stack of agents, one for each seed, and keep the run in a folder.

    Attributes
    ----------
    env : str
        A Gymnasium id, or module:Name for what a module of yours registers or holds, such as a
        module.py in this folder.
    config : Config
        Defaults are the recipe's; evaluations are no further apart than the steps.
    recipe : str
        Named hyperparameters; `ddpg recipes` lists them.
    pixels : bool
        See the environment's images, or what it draws: --encoder shared, if none is named.
    seeds : tuple of str
        One an agent. 0-7 means 0 1 2 3 4 5 6 7.
    env_kwargs : tuple of str
        KEY=VALUE pairs for gymnasium.make.
    folder : Path, optional
        The new run folder. By default one under runs/, named after environment and time.
    checkpoint_every : int, optional
        Steps between checkpoints. By default one follows each evaluation.
    compile : bool
        Compile the update: faster after some seconds.
    device : str
        Where the networks live: cpu, cuda, ...
    lightning : bool
        Train as a PyTorch Lightning system, whose checkpoints and logs the folder then holds.
    """

    env: Positional[Annotated[str, arg(metavar="ENV")]]
    config: OmitArgPrefixes[Config]
    recipe: str = "default"
    pixels: bool = False
    seeds: tuple[str, ...] = ("0",)
    env_kwargs: tuple[str, ...] = ()
    folder: Path | None = None
    checkpoint_every: int | None = None
    compile: bool = False
    device: str = "cpu"
    lightning: bool = False

    def run(self) -> None:
        """Train, and say what came out."""
        seeds = checked(parse_seeds(self.seeds))
        env_kwargs = parse_kwargs(self.env_kwargs)
        unseen = self.pixels and self.config.encoder == "none"
        config = self.config.replace(encoder="shared") if unseen else self.config
        require_at_least_one("checkpoint_every", self.checkpoint_every)
        if self.folder is not None:
            require_free(self.folder)
        require_environment(self.env)
        if self.lightning:
            self._require_fit_for_lightning()
        from ddpg_lib.runs.session import train

        with contextlib.ExitStack() as stack:
            folder = self.folder or stack.enter_context(new_folder(self.env))
            if self.lightning:
                from ddpg_lib.lightning import DDPGSystem, fit

                system = DDPGSystem(self.env, config, seeds, env_kwargs)
                _say_finished(fit(folder, system, self.device), folder)
                return
            run = train(
                self.env,
                config,
                seeds,
                env_kwargs=env_kwargs,
                device=self.device,
                compile=self.compile,
                folder=folder,
                checkpoint_every=self.checkpoint_every,
            )
        _say_finished(run, folder)

    def _require_fit_for_lightning(self) -> None:
        require_lightning()
        alone = {"compile": self.compile, "checkpoint-every": self.checkpoint_every}
        for option, given in alone.items():
            if given:
                raise ValueError(
                    f"--{option} is not for a Lightning system: its training step is not compiled, "
                    "and a checkpoint follows each evaluation"
                )


@dataclasses.dataclass
class Resume:
    """Continue a run that broke off; it ends as it would have without the break.

    Attributes
    ----------
    run_folder : Path
        The run folder.
    device : str, optional
        Where the networks live from now on; by default where they lived.
    """

    run_folder: Positional[Folder]
    device: str | None = None

    def run(self) -> None:
        """Train on, and say what came out."""
        require_run(self.run_folder)
        if holds_system(self.run_folder):
            require_lightning()
            from ddpg_lib.lightning import fit

            run = fit(self.run_folder, device=self.device or "cpu")
            _say_finished(run, self.run_folder)
            return
        from ddpg_lib.runs.session import resume

        _say_finished(resume(self.run_folder, device=self.device), self.run_folder)


@dataclasses.dataclass
class Extend:
    """Train longer: a new run that goes on from all that another one has reached.

    Attributes
    ----------
    run_folder : Path
        The run to go on from, which stays as it is.
    folder : Path
        The new run folder.
    steps : int
        Environment steps of each agent in all, those of the first run included.
    device : str, optional
        Where the networks live; by default where they lived.
    """

    run_folder: Positional[Folder]
    folder: Positional[Annotated[Path, arg(metavar="NEW")]]
    steps: int
    device: str | None = None

    def run(self) -> None:
        """Train on, and say what came out."""
        require_run(self.run_folder)
        require_free(self.folder)
        from ddpg_lib.runs.session import extend

        run = extend(self.run_folder, self.folder, self.steps, device=self.device)
        _say_finished(run, self.folder)


@dataclasses.dataclass
class Evaluate:
    """Play episodes with the noise-free policies of the last checkpoint of one run or of several.

    Attributes
    ----------
    runs : tuple of Path
        Run folders, finished or not.
    episodes : int
        Episodes of each agent.
    seed : int, optional
        Of the first episode; by default the same starts as in training's evaluations.
    env_kwargs : tuple of str
        KEY=VALUE pairs for gymnasium.make, in addition to those of the training or in their place.
    device : str, optional
        Where the networks live; by default where they were trained.
    json : bool
        Print one JSON object a run, on a line of its own, and nothing else.
    """

    runs: Positional[Folders]
    episodes: int = 100
    seed: int | None = None
    env_kwargs: tuple[str, ...] = ()
    device: str | None = None
    json: bool = False

    def run(self) -> None:
        """Evaluate one run after the other, and print the returns."""
        _require_runs(self.runs)
        require_at_least_one("episodes", self.episodes)
        others = parse_kwargs(self.env_kwargs)
        from ddpg_lib.evaluation import EVALUATION_SEED, evaluate
        from ddpg_lib.runs.session import load

        seed = EVALUATION_SEED if self.seed is None else self.seed
        for folder in self.runs:
            # Some simulators greet on the standard output, which holds nothing but the answers.
            with contextlib.redirect_stdout(sys.stderr):
                run = load(folder, device=self.device)
                kwargs = {**run.env_kwargs, **others}
                returns = evaluate(run.agent, run.env, self.episodes, seed, **kwargs)
            run = dataclasses.replace(
                run, returns=returns[:, None], steps=run.steps[-1:], env_kwargs=kwargs
            )
            if self.json:
                answer = {"folder": str(folder), **_in_numbers(run)}
                print(json.dumps(answer, default=str), flush=True)
                continue
            if len(self.runs) > 1:
                print(folder)
            print(f"{run.summary()}\n{self.episodes} episodes of each agent", flush=True)


@dataclasses.dataclass
class Film:
    """Film an agent of a run.

    Attributes
    ----------
    run_folder : Path
        The run folder.
    output : Path
        The film's file; its ending says the format: mp4 or gif.
    seed : int, optional
        The agent's seed; by default the agent with the best last return.
    episodes : int
        Episodes to film.
    device : str, optional
        Where the networks live; by default where they were trained.
    """

    run_folder: Positional[Folder]
    output: Positional[Annotated[Path, arg(metavar="OUT.mp4")]]
    seed: int | None = None
    episodes: int = 1
    device: str | None = None

    def run(self) -> None:
        """Play and encode.

        Raises
        ------
        ValueError
            If no agent has that seed.
        """
        require_run(self.run_folder)
        require_at_least_one("episodes", self.episodes)
        require_output(self.output, FILMS)
        from ddpg_lib.evaluation import play
        from ddpg_lib.figures.film import film, gif
        from ddpg_lib.runs.session import load

        run = load(self.run_folder, device=self.device)
        if self.seed is not None and self.seed not in run.seeds:
            raise ValueError(f"there is no agent with seed {self.seed}; seeds: {run.seeds}")
        best = int(run.curves[:, -1].argmax())
        agent = best if self.seed is None else run.seeds.index(self.seed)
        scene = play(run.agent, agent, run.env, self.episodes, **run.env_kwargs)
        if self.output.suffix.lower() == ".gif":
            content = gif(scene.frames, scene.fps)
        else:
            content = film(scene.frames, scene.fps, str(self.output), show=False)
        with writing(self.output):
            self.output.write_bytes(content)
        returns = ", ".join(f"{x:.1f}" for x in scene.returns)
        print(f"{self.output}: the agent with seed {run.seeds[agent]}, return {returns}")


@dataclasses.dataclass
class Plot:
    """Draw the learning curves of one run or of several.

    Attributes
    ----------
    runs : tuple of Path
        Run folders, finished or not.
    output : Path
        The figure's file; its ending says the format: svg, pdf, png, eps, ps, jpg, tif or webp.
    labels : tuple of str
        What to call the runs, one each; by default their folders' names.
    size : tuple of float
        Width and height in inches.
    """

    runs: Positional[Folders]
    output: Annotated[Path, arg(aliases=["-o"])] = Path("curves.svg")
    labels: tuple[str, ...] = ()
    size: Annotated[tuple[float, float], arg(metavar="WIDTH HEIGHT")] = (5.6, 3.3)

    def run(self) -> None:
        """Draw, and save the figure."""
        _require_runs(self.runs)
        labels = self._labels()
        self._require_size()
        require_output(self.output, FIGURES)
        from ddpg_lib.figures.curves import learning_curves
        from ddpg_lib.runs.folder import curves_of

        found = {label: curves_of(path) for label, path in zip(labels, self.runs, strict=True)}
        named = len(found) > 1 or self.labels
        figure = learning_curves(found if named else next(iter(found.values())))
        figure.set_size_inches(self.size)
        figure.axes[0].yaxis.label.set_wrap(True)  # for low ones
        content = io.BytesIO()
        figure.savefig(content, format=self.output.suffix.removeprefix(".").lower())
        with writing(self.output):
            self.output.write_bytes(content.getvalue())
        print(f"{self.output}: {len(found)} run{'s' * (len(found) > 1)}")

    def _labels(self) -> Sequence[str]:
        if self.labels:
            if len(set(self.labels)) < len(self.labels) or len(self.labels) != len(self.runs):
                raise ValueError(
                    f"labels must be one a run, and different; {len(self.runs)} "
                    f"run{'s' * (len(self.runs) > 1)} got {', '.join(map(repr, self.labels))}"
                )
            return self.labels
        names = [path.resolve().name for path in self.runs]
        return names if len(set(names)) == len(names) else [str(path) for path in self.runs]

    def _require_size(self) -> None:
        if not all(0 < side <= LARGEST for side in self.size):
            sides = " ".join(f"{side:g}" for side in self.size)
            raise ValueError(
                f"size must be a width and a height in inches, up to {LARGEST}; got {sides}"
            )


@dataclasses.dataclass
class Scout:
    """Measure a new world with simple strategies and a tenth of a run, and suggest settings.

    Attributes
    ----------
    env : str
        A Gymnasium id, or module:Name, as for `ddpg train`.
    steps : int
        Of the run that is planned, for each agent; scouts train for a tenth of it.
    train : bool
        Whether to train scouts.
    seeds : tuple of str
        Of the scouts. 0-7 means 0 1 2 3 4 5 6 7.
    episodes : int
        Of each strategy.
    env_kwargs : tuple of str
        KEY=VALUE pairs for gymnasium.make.
    """

    env: Positional[Annotated[str, arg(metavar="ENV")]]
    steps: int = 100_000
    train: bool = True
    seeds: tuple[str, ...] = ("100-107",)
    episodes: int = 20
    env_kwargs: tuple[str, ...] = ()

    def run(self) -> None:
        """Play, train, and print what was found."""
        seeds = checked(parse_seeds(self.seeds))
        env_kwargs = parse_kwargs(self.env_kwargs)
        require_at_least_one("episodes", self.episodes)
        require_environment(self.env)
        from ddpg_lib.results.scouting import scout

        found = scout(self.env, self.steps, seeds, self.episodes, scouts=self.train, **env_kwargs)
        print(found.report())


@dataclasses.dataclass
class Compare:
    """Is my run normal? Place a run among the recorded agents of its environment.

    Attributes
    ----------
    run_or_table : Path
        A run folder, or a CSV file with the columns step, return and, for several agents, seed.
    env : str
        Whose recorded agents, which a CSV file does not say.
    episodes : int, optional
        Episodes that each return of a CSV file averages; by default as in the recorded run.
    output : Path, optional
        Where to draw it; the ending says the format, as for plot.
    """

    run_or_table: Positional[Annotated[Path, arg(metavar="RUN|CSV")]]
    env: str = ""
    episodes: int | None = None
    output: Annotated[Path | None, arg(aliases=["-o"])] = None

    def run(self) -> None:
        """Compare, and say what came out."""
        require_at_least_one("episodes", self.episodes)
        if self.run_or_table.is_dir():
            require_run(self.run_or_table)
        else:
            read_log(self.run_or_table)
        if self.output is not None:
            require_output(self.output, FIGURES)
        from ddpg_lib.results.compare import compare

        found = compare(self.run_or_table, self.env, self.episodes)
        print(found.summary())
        if self.output is not None:
            content = io.BytesIO()
            ending = self.output.suffix.removeprefix(".").lower()
            found.plot().savefig(content, format=ending)
            with writing(self.output):
                self.output.write_bytes(content.getvalue())
            print(f"the figure: {self.output}")


@dataclasses.dataclass
class Diagnose:
    """Look for what may be wrong with a run, and say what to try next.

    Attributes
    ----------
    run_or_log : Path
        A run folder, or a .csv of your own with the columns step and return, and perhaps loss, q,
        actions (over their bound) and seed. Of targets of several steps, stored rows and
        targets are not looked at; of agents with a memory or an encoder the curves alone are.
    """

    run_or_log: Positional[Annotated[Path, arg(metavar="RUN")]]

    def run(self) -> None:
        """Print the findings, or that there are none."""
        if self.run_or_log.suffix.lower() != ".csv":
            require_run(self.run_or_log)
        from ddpg_lib.diagnose.diagnosing import diagnose

        print(diagnose(self.run_or_log))


@dataclasses.dataclass
class Recipes:
    """List the recipes and what they set."""

    def run(self) -> None:
        """Print one paragraph a recipe."""
        plain = dataclasses.asdict(Config())
        for name, values in RECIPES.items():
            different = {k: v for k, v in dataclasses.asdict(values).items() if v != plain[k]}
            shown = different if name != "default" else plain
            print(name)
            for key, value in shown.items():
                print(f"  {_as_typed(key.replace('_', '-'), value)}")


@dataclasses.dataclass
class Reproduce:
    """Repeat a recorded run or sweep: curves, actors, and a manifest of how they came about.

    Attributes
    ----------
    name : str
        Of the recorded run.
    folder : Path, optional
        The run folder, by default reproduced/NAME. An unfinished one is continued.
    compile : bool
        Whether to compile the update, as the recorded runs did: same up to rounding.
    """

    name: Positional[Annotated[str, arg(metavar="NAME")]]
    folder: Path | None = None
    compile: bool = True

    def run(self) -> None:
        """Train, and write the manifest."""
        require_environment(experiment(self.name).env)
        from ddpg_lib.results.reproduce import reproduce

        folder = self.folder or Path("reproduced") / self.name
        runs = reproduce(self.name, folder, compile=self.compile)
        print("\n".join(f"{run.summary()}\n{run.seconds:.0f} s" for run in runs))
        print(f"what ships of it: {folder}/record")


@dataclasses.dataclass
class Export:
    """Write an agent's policy to a file that acts without this library.

    Attributes
    ----------
    run_folder : Path
        The run folder.
    output : Path
        The policy's file; its ending says the format: npz, for NumPy, or onnx.
    seed : int, optional
        The agent's seed; by default the agent with the best last return.
    """

    run_folder: Positional[Folder]
    output: Positional[Annotated[Path, arg(metavar="OUT.npz|OUT.onnx")]]
    seed: int | None = None

    def run(self) -> None:
        """Write the policy of the last checkpoint, and say how to use it.

        Raises
        ------
        ValueError
            If no agent has that seed.
        """
        path, ending = str(self.output), self.output.suffix.lower()
        require_run(self.run_folder)
        require_output(self.output, POLICIES)
        from ddpg_lib.deploy.onnx_policy import require_onnx, save_onnx
        from ddpg_lib.deploy.policy import save_policy
        from ddpg_lib.envs.border import name_of
        from ddpg_lib.runs.session import load

        if ending == ".onnx":
            require_onnx()
        run = load(self.run_folder)
        if self.seed is not None and self.seed not in run.seeds:
            raise ValueError(f"there is no agent with seed {self.seed}; seeds: {run.seeds}")
        last = run.curves[:, -1]
        agent = int(last.argmax()) if self.seed is None else run.seeds.index(self.seed)
        write = save_policy if ending == ".npz" else save_onnx
        assert run.spaces is not None
        raw = {"obs_low": run.spaces.obs_low, "obs_high": run.spaces.obs_high}
        write(run.agent, self.output, agent, env=name_of(run.env), **raw)
        print(f"{path}: the agent with seed {run.seeds[agent]}, last return {last[agent]:.1f}")
        if ending == ".npz":
            print(f"Use: action = ddpg_lib.load_policy({path!r})(obs)")
        else:
            model = f"onnxruntime.InferenceSession({path!r})"
            print(f"Use: action = {model}.run(None, {{'obs': obs}})[0]")


@dataclasses.dataclass
class Sweep:
    """Train all cells of a sweep file: seeds, environments and hyperparameters.

    Attributes
    ----------
    file : Path
        The sweep file, in TOML.
    folder : Path, optional
        The sweep's folder, by default sweeps/NAME. A finished cell in it is not run again.
    jobs : int
        Cells at work at once; -1 is one a core, of the machine or of the whole cluster.
    backend : str
        Where they run: local, ray or dask.
    address : str
        Of the cluster, host:port; by default 127.0.0.1:6379 for Ray and 127.0.0.1:8786 for Dask.
    check : bool
        Say what the sweep would take, and run nothing.
    plot : bool
        Draw the results, as results.svg in the folder.
    """

    file: Positional[Annotated[Path, arg(metavar="FILE.toml")]]
    folder: Path | None = None
    jobs: int = -1
    backend: str = "local"
    address: str = ""
    check: bool = False
    plot: bool = False

    def run(self) -> None:
        """Run what is left of it, and print the table.

        Raises
        ------
        ValueError
            If the folder is a file, or ``plot`` is asked for where nothing varies.
        """
        from ddpg_lib.sweep.study import read_study, require_environments

        study = read_study(self.file)
        if self.plot and not study.names:
            raise ValueError(
                f"--plot has nothing to draw, because nothing varies in {self.file}: list values "
                "below [grid], or leave out --plot"
            )
        folder = self.folder or Path("sweeps") / self.file.stem
        if folder.exists() and not folder.is_dir():
            raise ValueError(f"{folder} is a file: choose another folder for the sweep")
        require_environments(study)
        from ddpg_lib.sweep.backends import backend, require_backend
        from ddpg_lib.sweep.running import sweep, taken
        from ddpg_lib.sweep.table import Results, write_results

        require_backend(self.backend, self.jobs)
        if self.check:
            print(taken(study, folder))
            return
        with backend(self.backend, self.jobs, self.address):
            try:
                results = Results.of(study, sweep(study, folder))
            except KeyboardInterrupt:
                again = f"ddpg sweep {shlex.quote(str(self.file))}"
                again += f" --folder {shlex.quote(str(folder))}" if self.folder else ""
                print(f"{taken(study, folder)}\nGo on with: {again}", file=sys.stderr)
                raise
        write_results(results, study, folder, f"ddpg sweep {self.file}")
        print(f"{results}\n\n{results.summary()}\nthe table: {folder / 'results.csv'}")
        if self.plot:
            from ddpg_lib.sweep.drawing import draw_results

            with writing(folder / "results.svg"):
                draw_results(results).savefig(folder / "results.svg")
            print(f"the figure: {folder / 'results.svg'}")


COMMANDS = (
    Train, Scout, Evaluate, Film, Plot, Compare, Diagnose, Resume, Extend, Export, Recipes,
    Reproduce, Sweep,
)  # fmt: skip


def parse_kwargs(words: Sequence[str]) -> dict[str, Any]:
    """Keyword arguments from words such as ``continuous=true``; no Python literal is text.

    The words of ``WORDS`` count as literals in any case; within quotes they are text.

    Raises
    ------
    ValueError
        For words that are no pair of a name and a value.
    """
    kwargs: dict[str, Any] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals or not key.isidentifier():
            raise ValueError(f"env_kwargs are pairs such as continuous=true, not {word!r}")
        if value.lower() in WORDS:
            kwargs[key] = WORDS[value.lower()]
            continue
        try:
            kwargs[key] = ast.literal_eval(value)
        except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            kwargs[key] = value
    return kwargs


@contextlib.contextmanager
def new_folder(env: str) -> Iterator[Path]:
    """A run folder under runs/, named after environment and time, that no other process has.

    It is removed at the end if nothing came into it.

    Raises
    ------
    ValueError
        If it cannot be made.
    """
    name = re.sub(r"[^\w.-]+", "-", env) + time.strftime("-%Y%m%d-%H%M%S")
    for number in itertools.count(1):
        folder = Path("runs") / (name if number == 1 else f"{name}-{number}")
        with writing(folder), contextlib.suppress(FileExistsError):
            # Of several processes only one can make a folder.
            folder.mkdir(parents=True)
            break
    try:
        yield folder
    finally:
        with contextlib.suppress(OSError):  # something is in it
            folder.rmdir()


def _require_runs(folders: Sequence[Path]) -> None:
    if not folders:
        raise ValueError("name one run folder or more")
    for folder in folders:
        require_run(folder)


def _say_finished(run: Run, folder: Path) -> None:
    took = f"{run.seconds:.0f} s; " if run.seconds else ""
    print(f"{run.summary()}\n{took}the run is in {folder}")


def _in_numbers(run: Run) -> dict[str, Any]:
    """The last evaluation of a run, as JSON has it."""
    from ddpg_lib.envs.border import name_of
    from ddpg_lib.maths.stats import bootstrap_interval, iqm

    means = run.curves[:, -1]
    return {
        "env": name_of(run.env),
        "env_kwargs": run.env_kwargs,
        "steps": int(run.steps[-1]),
        "seeds": run.seeds,
        "episodes": run.returns.shape[-1],
        "mean_returns": means.tolist(),
        "interquartile_mean": float(iqm(means)),
        "interval_95": [float(x) for x in bootstrap_interval(means)] if len(means) > 1 else None,
    }


def _as_typed(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return f"--{name}" if value else f"--no-{name}"
    words = value if isinstance(value, tuple) else (value,)
    return " ".join([f"--{name}", *map(str, words)])
