"""The Lightning system: the library's agent to the bit, and what a trainer may do with it."""

import csv
import importlib
import importlib.util
import sys

import gymnasium as gym
import numpy as np
import pytest
import torch

reason = 'the Lightning system needs the extra lightning: pip install "ddpg-lib[lightning]"'
pytest.importorskip("lightning.pytorch", reason=reason)

from lightning.pytorch import Callback, LightningModule, Trainer  # noqa: E402
from torch.utils.data import DataLoader  # noqa: E402

from ddpg_lib import Config, evaluate, train  # noqa: E402
from ddpg_lib.cli.main import main  # noqa: E402
from ddpg_lib.lightning import (  # noqa: E402
    DDPGSystem,
    Evaluation,
    ReplayDataset,
    fit,
    trainer_for,
)
from ddpg_lib.runs.quantities import quantities  # noqa: E402

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*treespec, LeafSpec.*"),  # of Lightning under torch 2.13
    pytest.mark.filterwarnings("ignore:.*litlogger.*"),
]
ENV, SEEDS = "Pendulum-v1", (3, 1)
TINY = Config(
    hidden=(8, 8), batch_size=8, buffer_size=300, warmup_steps=20, steps=120, eval_every=50,
    eval_episodes=1, noise="ornstein_uhlenbeck", lr_decay=True,
)  # fmt: skip
NETWORKS = ("critic", "actor", "critic_target", "actor_target")


def numbers(agent, history):
    """All that training has moved: weights, replay, curves."""
    weights = [x.numpy() for name in NETWORKS for x in getattr(agent, name).state_dict().values()]
    stored = agent.replay.rows[:, : len(agent.replay)].numpy()
    return [*weights, stored, *history.returns, *(np.array(e) for e in history.episodes)]


def fitted(config=TINY, folder=None, checkpoint=None, seeds=SEEDS, **kwargs):
    system = DDPGSystem(ENV, config, seeds)
    trainer_for(system, folder, **kwargs).fit(system, ckpt_path=checkpoint)
    return system


def same(one, other):
    a, b = (numbers(x.agent, x.loop.history) for x in (one, other))
    assert len(a) == len(b)
    for x, y in zip(a, b, strict=True):
        np.testing.assert_array_equal(x, y)


# ---- The same agent as the library's ----


OPTIONS = {
    "as it is": {},
    "n-step returns": {"n_step": 3},
    "a delayed actor": {"policy_delay": 3},
    "batch normalization": {"batch_norm": "both", "action_layer": 1},
    "layer normalization, decay, clipping": {
        "layer_norm": "critic", "critic_weight_decay": 1e-2, "max_grad_norm": 0.1,
    },
    "clipped action slopes": {"dqda_clipping": 0.01},
    "inverted gradients": {"invert_gradients": True},
    "running normalization": {"normalize_obs": True},
    "constant step sizes, other units": {"lr_decay": False, "reward_scale": 0.1, "sigma": 0.4},
    "an odd grid": {"steps": 131, "warmup_steps": 37, "eval_every": 40, "noise": "decaying"},
}  # fmt: skip


@pytest.mark.parametrize("changes", OPTIONS.values(), ids=OPTIONS)
def test_the_same_seeds_give_the_librarys_networks_to_the_bit(changes):
    config = TINY.replace(**changes)
    run = train(ENV, config, SEEDS, progress=False)
    system = fitted(config)
    assert system.agent.updates == config.steps - config.warmup_steps
    assert system.loop.history.steps == run.steps.tolist()
    assert system.loop.history.episodes == run.episodes
    np.testing.assert_array_equal(np.stack(system.loop.history.returns, 1), run.returns)
    for name in NETWORKS:
        ours, theirs = (getattr(x, name).state_dict() for x in (system, run.agent))
        for key in theirs:
            assert torch.equal(ours[key], theirs[key]), (name, key)
    held = len(run.agent.replay)
    assert torch.equal(system.agent.replay.rows[:, :held], run.agent.replay.rows[:, :held])
    for name, values in run.metrics.items():
        np.testing.assert_array_equal(np.stack(system.loop.history.metrics[name], 1), values)


@pytest.mark.parametrize("env", ["LunarLanderContinuous-v3", "BipedalWalker-v3"])
def test_so_do_the_two_worlds_of_the_source(env):
    pytest.importorskip("Box2D", reason='needs Box2D: pip install "ddpg-lib[box2d]"')
    name = {"L": "lunar_lander", "B": "bipedal_walker"}[env[0]]
    changes = {"steps": 70, "warmup_steps": 40, "eval_every": 70, "eval_episodes": 1}
    kwargs = {"max_episode_steps": 50}
    run = train(env, name, (0,), env_kwargs=kwargs, progress=False, **changes)
    system = DDPGSystem(env, name, (0,), kwargs, **changes)
    trainer_for(system).fit(system)
    np.testing.assert_array_equal(np.stack(system.loop.history.returns, 1), run.returns)
    for network in NETWORKS:
        for ours, theirs in zip(
            getattr(system, network).parameters(),
            getattr(run.agent, network).parameters(),
            strict=True,
        ):
            assert torch.equal(ours, theirs)


def test_a_warm_start_is_the_librarys():
    start = train(ENV, TINY.replace(steps=60), SEEDS, progress=False).agent
    run = train(ENV, TINY, SEEDS, progress=False, start=start)
    system = DDPGSystem(ENV, TINY, SEEDS, start=start)
    trainer_for(system).fit(system)
    np.testing.assert_array_equal(np.stack(system.loop.history.returns, 1), run.returns)


def test_a_trained_system_is_an_agent_of_the_library():
    system = fitted()
    agent = system.trained()
    returns = evaluate(agent, ENV, TINY.eval_episodes)
    np.testing.assert_array_equal(returns, system.loop.history.returns[-1])
    actions, values = system(torch.zeros(2, 5, 3))
    assert actions.shape == (2, 5, 1)
    assert values.shape == (2, 5)
    np.testing.assert_allclose(2 * actions.detach(), agent.act(np.zeros((2, 5, 3))), rtol=1e-6)
    next(agent.actor.parameters()).data.zero_()  # a copy, weights and all
    assert next(system.actor.parameters()).any()


# ---- The loader ----


class Watch(Callback):
    """Notes how many updates the weights had seen when each action was chosen."""

    def on_fit_start(self, trainer, pl_module):
        agent, self.seen = pl_module.agent, []
        explore = agent.explore

        def watched(obs):
            self.seen.append(agent.updates)
            return explore(obs)

        agent.explore = watched


def lag(sized):
    """Updates that the weights lacked when each action after the warm-up was chosen."""
    system, watch = DDPGSystem(ENV, TINY, (0,)), Watch()
    system.train_dataloader = lambda: ReplayDataset(system.loop, sized)
    trainer_for(system, callbacks=[watch]).fit(system)
    complete = np.arange(TINY.steps - TINY.warmup_steps)
    return complete - np.array(watch.seen)


def test_a_loader_that_knows_its_length_never_acts_with_stale_weights():
    assert (lag(sized=True) == 0).all()


def test_one_that_does_not_acts_one_update_late():
    missing = lag(sized=False)
    # Steps 21 to 120; the first update is at step 21, and an epoch's first item is not early.
    expected = np.ones(100, int)
    expected[[0, 50 - 20, 100 - 20]] = 0
    np.testing.assert_array_equal(missing, expected)


@pytest.mark.skipif(sys.platform != "linux", reason="workers that are forked")
@pytest.mark.parametrize(("warmup", "updates"), [(20, 3 * 30), (60, 0)])
def test_a_worker_acts_with_a_copy_that_begins_each_epoch_anew(warmup, updates):
    system = DDPGSystem(ENV, TINY.replace(warmup_steps=warmup), (0,))
    aside = {"num_workers": 1, "multiprocessing_context": "fork", "collate_fn": lambda item: item}
    system.train_dataloader = lambda: DataLoader(
        ReplayDataset(system.loop), batch_size=None, **aside
    )
    trainer_for(system).fit(system)
    assert system.agent.updates == updates
    assert system.loop.step == len(system.agent.replay) == 0


def test_the_warm_up_gives_nothing_to_learn_from_and_epochs_are_as_long_as_said():
    system = DDPGSystem(ENV, TINY, SEEDS)
    loader = system.train_dataloader()
    system.loop.envs.reset()
    epochs = [list(loader) for _ in range(4)]
    assert [len(items) for items in epochs] == [50, 50, 20, 0]
    assert [item == () for item in epochs[0]] == [True] * 20 + [False] * 30
    assert epochs[0][20].obs.shape == (2, 8, 3)
    assert len(loader) == 50
    assert loader.num_workers == 0
    assert system.loop.step == 120
    assert system.agent.updates == 0


def test_global_step_counts_optimizer_steps():
    system = DDPGSystem(ENV, TINY, (0,), policy_delay=3)
    trainer = trainer_for(system)
    trainer.fit(system)
    assert system.agent.updates == 100
    assert trainer.global_step == 100 + 34  # the actor moves at updates 0, 3, ..., 99


# ---- Checkpoints ----


class SaveAt(Callback):
    """Writes a checkpoint after some step, and stops there."""

    def __init__(self, step, path):
        self.step, self.path = step, path

    def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx):
        if pl_module.loop.step == self.step:
            trainer.save_checkpoint(self.path)
            trainer.should_stop = True


@pytest.mark.parametrize("step", [7, 20, 77, 119])
def test_a_run_goes_on_from_amid_an_epoch_to_the_bit(step, tmp_path):
    path = tmp_path / "amid.ckpt"
    fitted(callbacks=[SaveAt(step, path)])
    same(fitted(checkpoint=path), fitted())


def test_a_run_goes_on_from_its_last_checkpoint_to_the_bit(tmp_path):
    half = TINY.replace(steps=100, eval_every=50)
    fitted(half, tmp_path / "half")
    last = tmp_path / "half/checkpoints/last.ckpt"
    longer = DDPGSystem.load_from_checkpoint(last, steps=120)
    assert longer.loop.step == 100
    assert longer.config == TINY
    trainer_for(longer).fit(longer, ckpt_path=last)
    assert longer.loop.history.steps == [0, 50, 100, 120]
    # The library goes on along the longer schedule in the same way.
    from ddpg_lib import extend

    train(ENV, half, SEEDS, folder=tmp_path / "run", progress=False)
    run = extend(tmp_path / "run", tmp_path / "longer", 120, progress=False)
    np.testing.assert_array_equal(np.stack(longer.loop.history.returns, 1), run.returns)
    for ours, theirs in zip(longer.actor.parameters(), run.agent.actor.parameters(), strict=True):
        assert torch.equal(ours, theirs)


def test_a_checkpoint_holds_nothing_that_could_run(tmp_path):
    system = fitted(folder=tmp_path)
    path = tmp_path / "checkpoints/last.ckpt"
    assert torch.load(path, weights_only=True)["ddpg_lib"]["packed"]
    loaded = DDPGSystem.load_from_checkpoint(path, weights_only=True)
    same(loaded, system)
    assert loaded.hparams["seeds"] == SEEDS


def test_the_last_checkpoint_is_the_last_even_if_it_is_the_worst(tmp_path):
    system = DDPGSystem(ENV, TINY, SEEDS)
    system.loop.evaluator = lambda agent: np.full((2, 1), -float(system.loop.step))
    trainer_for(system, tmp_path).fit(system)
    for name, step in (("best", 50), ("last", 120)):
        path = tmp_path / f"checkpoints/{name}.ckpt"
        assert DDPGSystem.load_from_checkpoint(path).loop.step == step


def test_a_checkpoint_holds_the_filled_part_of_the_replay_buffer_alone(tmp_path):
    fitted(TINY.replace(buffer_size=1_000_000), folder=tmp_path)
    # 120 rows of 9 numbers an agent; the empty rows would take 72 MB.
    assert (tmp_path / "checkpoints/last.ckpt").stat().st_size < 200_000


def test_the_best_checkpoint_is_that_of_the_highest_return(tmp_path):
    system = fitted(folder=tmp_path)
    best = DDPGSystem.load_from_checkpoint(tmp_path / "checkpoints/best.ckpt")
    means = system.loop.history.curves.mean(0)
    assert best.loop.step == system.loop.history.steps[1 + means[1:].argmax()]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"gamma": 0.9}, "gamma is 0.9 here, and the checkpoint was made with 0.99: only steps"),
        ({"seeds": (5, 6)}, r"seeds is \(5, 6\) here"),
        ({"hidden": (8,)}, r"hidden is \(8,\) here"),
    ],
)
def test_a_checkpoint_of_other_settings_is_refused(changes, message, tmp_path):
    path = tmp_path / "a.ckpt"
    fitted(callbacks=[SaveAt(30, path)])
    with pytest.raises(ValueError, match=message):
        DDPGSystem.load_from_checkpoint(path, **changes)


def test_a_checkpoint_of_another_module_is_refused(tmp_path):
    path = tmp_path / "a.ckpt"
    fitted(callbacks=[SaveAt(30, path)])
    changed = torch.load(path)
    del changed["ddpg_lib"]
    torch.save(changed, path)
    with pytest.raises(ValueError, match="no checkpoint of a DDPGSystem"):
        DDPGSystem.load_from_checkpoint(path)


def test_an_environment_of_ones_own_is_needed_again(tmp_path):
    path = tmp_path / "a.ckpt"

    def own():
        return gym.make(ENV)

    system = DDPGSystem(own, TINY, (0,))
    trainer_for(system, callbacks=[SaveAt(30, path)]).fit(system)
    with pytest.raises(ValueError, match="give it again, env="):
        DDPGSystem.load_from_checkpoint(path)
    assert DDPGSystem.load_from_checkpoint(path, env=own).loop.step == 30


# ---- Callbacks and loggers ----


def test_training_stops_when_patience_is_at_an_end():
    system = DDPGSystem(ENV, TINY.replace(steps=1_000, eval_every=25), (0,), actor_lr=1e-9)
    trainer_for(system, patience=2).fit(system)  # an actor that hardly moves gets no better
    means = system.loop.history.curves.mean(0)[1:]
    best = means.argmax()
    assert len(means) == best + 3 < 40


def test_training_stops_when_it_is_good_enough():
    system = fitted(good_enough=-1e9)
    assert system.loop.history.steps == [0, 50]


def test_loggers_get_returns_and_losses_over_environment_steps(tmp_path):
    system = fitted(folder=tmp_path, log_every_n_steps=10)
    rows = list(csv.DictReader((tmp_path / "metrics.csv").open()))
    logged = {int(r["step"]): float(r["return"]) for r in rows if r["return"]}
    assert list(logged) == system.loop.history.steps == [0, 50, 100, 120]
    np.testing.assert_allclose(list(logged.values()), system.loop.history.curves.mean(0), rtol=1e-6)
    (at_100,) = (r for r in rows if r["step"] == "100")
    assert float(at_100["return/seed 1"]) == pytest.approx(system.loop.history.curves[1, 2])
    assert sum(bool(r["critic_loss"]) for r in rows) == 10
    (last,) = (r for r in rows if r["step"] == "120" and r["return"])
    measured = quantities(system.agent)
    assert float(last["inside/critic lag"]) == pytest.approx(measured["critic lag"].mean(), 1e-4)
    assert float(last["inside/rank"]) == pytest.approx(measured["rank"].mean(), 1e-4)
    pytest.importorskip("tensorboard", reason='pip install "ddpg-lib[tensorboard]"')
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(tmp_path))
    events.Reload()
    assert [e.step for e in events.Scalars("return")] == [0, 50, 100, 120]
    assert [e.value for e in events.Scalars("return")] == pytest.approx(list(logged.values()))


# ---- The result, and the command line ----


def test_the_result_is_a_run_of_the_library():
    run, ours = train(ENV, TINY, SEEDS, progress=False), fitted().result()
    assert ours.summary() == run.summary()
    assert ours.episodes == run.episodes
    assert ours.spaces == run.spaces
    np.testing.assert_array_equal(ours.steps, run.steps)


WORDS = (
    f"--hidden 8 8 --batch-size 8 --warmup-steps 20 --steps {TINY.steps} --eval-every 50 "
    "--eval-episodes 1 --seeds 3 1 --noise ornstein_uhlenbeck --lr-decay --buffer-size 300"
)


def ddpg(line, capsys):
    code = main(line.split())
    said = capsys.readouterr()
    return code, said.out, said.err


def test_the_command_line_trains_and_resumes(tmp_path, capsys, monkeypatch):
    folder, half = tmp_path / "run", tmp_path / "half"
    code, said, _ = ddpg(f"train {ENV} {WORDS} --lightning --folder {folder}", capsys)
    assert code == 0
    assert said == f"{fitted().result().summary()}\nthe run is in {folder}\n"
    code, _, error = ddpg(f"train {ENV} {WORDS} --lightning --folder {folder}", capsys)
    assert code == 2
    assert f"{folder} holds a run already" in error

    # One that breaks off after its second evaluation.
    class Broken(Callback):
        def on_train_epoch_start(self, trainer, pl_module):
            if pl_module.loop.step == 100:
                raise KeyError

    with pytest.raises(KeyError):
        fitted(folder=half, callbacks=[Broken()])
    assert ddpg(f"resume {half}", capsys)[:2] == (0, said.replace(str(folder), str(half)))


@pytest.mark.parametrize("option", ["--compile", "--checkpoint-every 5"])
def test_options_that_are_not_for_it_are_refused(option, capsys):
    code, _, error = ddpg(f"train {ENV} --lightning {option}", capsys)
    assert code == 2
    assert f"{option.split()[0]} is not for a Lightning system" in error


@pytest.mark.parametrize("option", ["--pixels", "--memory 8"])
def test_other_agents_are_pointed_to_the_librarys_own_training(option, capsys, tmp_path):
    line = f"train {ENV} --lightning --folder {tmp_path / 'run'} {option}"
    code, _, error = ddpg(line, capsys)
    assert code == 2
    assert "use ddpg_lib.train (without --lightning)" in error
    assert not (tmp_path / "run").exists()


def test_without_lightning_the_command_line_says_how_to_install_it(monkeypatch, capsys):
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "lightning" else found(name)
    )
    code, _, error = ddpg(f"train {ENV} --lightning", capsys)
    assert code == 2
    assert 'pip install "ddpg-lib[lightning]"' in error


def test_a_folder_without_a_run_cannot_be_gone_on_with(tmp_path):
    with pytest.raises(FileNotFoundError, match="holds no run of a Lightning system"):
        fit(tmp_path)


# ---- Refusals ----


def test_several_processes_are_refused():
    system = DDPGSystem(ENV, TINY, (0,))

    class Two:
        world_size = 2

    system._trainer = Two()
    with pytest.raises(ValueError, match=r"Trainer\(devices=1\), and more seeds"):
        system.setup("fit")


def pixels():
    env = gym.make(ENV, render_mode="rgb_array")
    grey = gym.wrappers.GrayscaleObservation(gym.wrappers.AddRenderObservation(env), keep_dim=True)
    last_first = gym.spaces.Box(0, 255, (1, 500, 500), np.uint8)
    turned = gym.wrappers.TransformObservation(grey, lambda x: np.moveaxis(x, 2, 0), last_first)
    return gym.wrappers.FrameStackObservation(turned, 3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((ENV, "pendulun"), "did you mean pendulum"),
        ((ENV, TINY, (1, 1)), "different numbers"),
        (("CartPole-v1", TINY), "DDPG needs a continuum"),
        ((ENV, TINY.replace(memory=8)), "memory is 8, and a Lightning system trains DDPG without"),
        ((ENV, Config(encoder="shared")), "leave encoder out, or use ddpg_lib.train"),
        ((ENV, Config(encoder="separate")), "encoder is separate"),
        ((pixels, TINY), "gives stacked frames, and a Lightning system trains DDPG on vectors"),
    ],
)
def test_what_cannot_work_is_refused_before_the_first_step(arguments, message):
    with pytest.raises(ValueError, match=message):
        DDPGSystem(*arguments)


def test_a_patience_of_no_evaluation_is_refused():
    with pytest.raises(ValueError, match="patience must be at least 1"):
        trainer_for(DDPGSystem(ENV, TINY), patience=0)


def test_evaluation_is_for_this_system():
    with pytest.raises(TypeError, match="Evaluation is for a DDPGSystem, not for a LightningMod"):
        Evaluation().on_train_epoch_end(Trainer(accelerator="cpu"), LightningModule())


def test_a_diverged_critic_ends_the_run():
    from ddpg_lib import DivergenceError

    class Broken(Callback):
        def on_train_batch_start(self, trainer, pl_module, batch, batch_idx):
            if pl_module.loop.step == 60:
                with torch.no_grad():
                    next(pl_module.critic.parameters()).fill_(torch.nan)

    with pytest.raises(DivergenceError, match="at step 60 the critic loss of the agent with seed"):
        fitted(callbacks=[Broken()])


def test_without_lightning_a_sentence_says_how_to_install_it(monkeypatch):
    for name in [x for x in sys.modules if x.startswith("ddpg_lib.lightning")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "lightning.pytorch", None)
    with pytest.raises(ModuleNotFoundError, match=r'pip install "ddpg-lib\[lightning\]"'):
        importlib.import_module("ddpg_lib.lightning")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_trains_the_same_agents_up_to_rounding():
    system = fitted(accelerator="gpu")
    assert system.agent.replay.rows.is_cuda
    np.testing.assert_allclose(
        system.loop.history.returns[0], fitted().loop.history.returns[0], rtol=1e-4
    )
