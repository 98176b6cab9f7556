"""The commands of the command line: dataclasses whose fields are their options."""

from __future__ import annotations

import ast
import contextlib
import dataclasses
import errno
import io
import re
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

from tyro.conf import OmitArgPrefixes, Positional, arg

from ddpg_lib.config import Config
from ddpg_lib.evaluation import EVALUATION_SEED, evaluate, play
from ddpg_lib.figures.curves import learning_curves
from ddpg_lib.figures.film import film
from ddpg_lib.recipes import RECIPES
from ddpg_lib.results.reproduce import reproduce
from ddpg_lib.runs.folder import curves_of
from ddpg_lib.runs.session import load, resume, train

Folder = Annotated[Path, arg(metavar="RUN")]
Folders = Annotated[tuple[Path, ...], arg(metavar="RUN")]


@dataclasses.dataclass
class Train:
    """Train a stack of agents, one for each seed, and keep the run in a folder.

    Attributes
    ----------
    env : str
        A Gymnasium id, or module:Id for one that a module of yours registers.
    config : Config
        Defaults are the recipe's.
    recipe : str
        Named hyperparameters; `ddpg recipes` lists them.
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
    """

    env: Positional[Annotated[str, arg(metavar="ENV")]]
    config: OmitArgPrefixes[Config]
    recipe: str = "default"
    seeds: tuple[str, ...] = ("0",)
    env_kwargs: tuple[str, ...] = ()
    folder: Path | None = None
    checkpoint_every: int | None = None
    compile: bool = False
    device: str = "cpu"

    def run(self) -> None:
        """Train, and say what came out."""
        name = re.sub(r"[^\w.-]+", "-", self.env)
        folder = self.folder or Path("runs") / f"{name}-{time.strftime('%Y%m%d-%H%M%S')}"
        seeds = parse_seeds(self.seeds)
        run = train(
            self.env,
            self.config,
            seeds,
            env_kwargs=parse_kwargs(self.env_kwargs),
            device=self.device,
            compile=self.compile,
            folder=folder,
            checkpoint_every=self.checkpoint_every,
        )
        print(f"{run.summary()}\n{run.seconds:.0f} s; the run is in {folder}")


@dataclasses.dataclass
class Resume:
    """Continue a run that broke off; it ends as it would have without the break.

    Attributes
    ----------
    run_folder : Path
        The run folder.
    """

    run_folder: Positional[Folder]

    def run(self) -> None:
        """Train on, and say what came out."""
        run = resume(self.run_folder)
        print(f"{run.summary()}\n{run.seconds:.0f} s; the run is in {self.run_folder}")


@dataclasses.dataclass
class Evaluate:
    """Play episodes with the noise-free policies of a run's last checkpoint.

    Attributes
    ----------
    run_folder : Path
        The run folder.
    episodes : int
        Episodes of each agent.
    seed : int, optional
        Of the first episode; by default the same starts as in training's evaluations.
    """

    run_folder: Positional[Folder]
    episodes: int = 100
    seed: int | None = None

    def run(self) -> None:
        """Evaluate, and print the returns.

        Raises
        ------
        ValueError
            If there are no episodes to play.
        """
        if self.episodes < 1:
            raise ValueError(f"episodes must be at least 1, got {self.episodes}")
        run = load(self.run_folder)
        seed = EVALUATION_SEED if self.seed is None else self.seed
        returns = evaluate(run.agent, run.env, self.episodes, seed, **run.env_kwargs)
        again = dataclasses.replace(run, returns=returns[:, None], steps=run.steps[-1:])
        print(f"{again.summary()}\n{self.episodes} episodes of each agent")


@dataclasses.dataclass
class Film:
    """Film an agent of a run.

    Attributes
    ----------
    run_folder : Path
        The run folder.
    output : Path
        The film's file.
    seed : int, optional
        The agent's seed; by default the agent with the best last return.
    episodes : int
        Episodes to film.
    """

    run_folder: Positional[Folder]
    output: Positional[Annotated[Path, arg(metavar="OUT.mp4")]]
    seed: int | None = None
    episodes: int = 1

    def run(self) -> None:
        """Play and encode.

        Raises
        ------
        ValueError
            If no agent has that seed.
        """
        run = load(self.run_folder)
        if self.seed is not None and self.seed not in run.seeds:
            raise ValueError(f"there is no agent with seed {self.seed}; seeds: {run.seeds}")
        best = int(run.curves[:, -1].argmax())
        agent = best if self.seed is None else run.seeds.index(self.seed)
        _ready(self.output)
        scene = play(run.agent, agent, run.env, self.episodes, **run.env_kwargs)
        _write(self.output, film(scene.frames, scene.fps, str(self.output), show=False))
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
        The figure's file; its ending says the format: svg, png or pdf.
    """

    runs: Positional[Folders]
    output: Annotated[Path, arg(aliases=["-o"])] = Path("curves.svg")

    def run(self) -> None:
        """Draw, and save the figure.

        Raises
        ------
        ValueError
            If no run is named, or the file's ending is no format.
        """
        if not self.runs:
            raise ValueError("name one run folder or more")
        names = [path.resolve().name for path in self.runs]
        labels = names if len(set(names)) == len(names) else [str(path) for path in self.runs]
        found = {label: curves_of(path) for label, path in zip(labels, self.runs, strict=True)}
        figure = learning_curves(found if len(found) > 1 else next(iter(found.values())))
        kind = self.output.suffix.removeprefix(".") or "svg"
        if kind not in figure.canvas.get_supported_filetypes():
            raise ValueError(f"{self.output}: choose a name that ends in .svg, .png or .pdf")
        _ready(self.output)
        content = io.BytesIO()
        figure.savefig(content, format=kind)
        _write(self.output, content.getvalue())
        print(f"{self.output}: {len(found)} run{'s' * (len(found) > 1)}")


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
    """Repeat a recorded run: curves, final actors, and a manifest of how they came about.

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
        folder = self.folder or Path("reproduced") / self.name
        run = reproduce(self.name, folder, compile=self.compile)
        print(f"{run.summary()}\n{run.seconds:.0f} s; what ships of it: {folder}/record")


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
            If no agent has that seed, or the file's ending is no format or cannot be written.
        """
        path, ending = str(self.output), self.output.suffix.lower()
        if ending not in (".npz", ".onnx"):
            raise ValueError(f"{path}: choose a name that ends in .npz or .onnx")
        try:
            self.output.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ValueError(f"cannot write {path}: {error.strerror}") from None
        from ddpg_lib.deploy.onnx_policy import require_onnx, save_onnx
        from ddpg_lib.deploy.policy import save_policy
        from ddpg_lib.runs.plan import name_of
        from ddpg_lib.runs.session import load

        if ending == ".onnx":
            require_onnx()
        run = load(self.run_folder)
        if self.seed is not None and self.seed not in run.seeds:
            raise ValueError(f"there is no agent with seed {self.seed}; seeds: {run.seeds}")
        last = run.curves[:, -1]
        agent = int(last.argmax()) if self.seed is None else run.seeds.index(self.seed)
        write = save_policy if ending == ".npz" else save_onnx
        write(run.agent, self.output, agent, env=name_of(run.env))
        print(f"{path}: the agent with seed {run.seeds[agent]}, last return {last[agent]:.1f}")
        if ending == ".npz":
            print(f"Use: action = ddpg_lib.load_policy({path!r})(obs)")
        else:
            model = f"onnxruntime.InferenceSession({path!r})"
            print(f"Use: action = {model}.run(None, {{'obs': obs}})[0]")


COMMANDS = (Train, Evaluate, Film, Plot, Resume, Recipes, Reproduce, Export)


def parse_seeds(words: Sequence[str]) -> list[int]:
    """Seeds from words: numbers such as ``3`` and ranges such as ``0-7``.

    Raises
    ------
    ValueError
        For other words.
    """
    seeds: list[int] = []
    for word in words:
        found = re.fullmatch(r"(\d+)(?:-(\d+))?", word)
        if not found or (found[2] and int(found[2]) < int(found[1])):
            raise ValueError(f"seeds are numbers such as 3 or ranges such as 0-7, not {word!r}")
        seeds += range(int(found[1]), int(found[2] or found[1]) + 1)
    return seeds


def parse_kwargs(words: Sequence[str]) -> dict[str, Any]:
    """Keyword arguments from words such as ``continuous=True``; no Python literal is text.

    Raises
    ------
    ValueError
        For words that are no pair of a name and a value.
    """
    kwargs: dict[str, Any] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals or not key.isidentifier():
            raise ValueError(f"env_kwargs are pairs such as continuous=True, not {word!r}")
        try:
            kwargs[key] = ast.literal_eval(value)
        except (ValueError, SyntaxError):
            kwargs[key] = value
    return kwargs


def _as_typed(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return f"--{name}" if value else f"--no-{name}"
    words = value if isinstance(value, tuple) else (value,)
    return " ".join([f"--{name}", *map(str, words)])


def _ready(path: Path) -> None:
    """Find out before the work whether its result can be written."""
    with _writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, "it is a folder")


def _write(path: Path, content: bytes) -> None:
    with _writing(path):
        path.write_bytes(content)


@contextlib.contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ValueError(f"cannot write {path}: {error.strerror}") from None
