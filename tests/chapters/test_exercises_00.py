"""Chapter 0's exercises: what is right passes, and each common mistake is named."""

import re
from functools import partial

import numpy as np
import pytest

from ddpg_lib.chapters.ch00.exercises import CHECKS
from ddpg_lib.chapters.ch00.loop import MISTAKES, program
from ddpg_lib.chapters.ch00.witness import Trial

# As a reader might write it: other names and other functions than the book's.
RIGHT = """
import copy
import numpy as np
import torch
import torch.nn.functional as F

def my_ddpg(env, actor, critic, replay, c):
    low, high = env.action_space.low, env.action_space.high
    scale = lambda a: low + (a + 1) / 2 * (high - low)
    pi_t, q_t = copy.deepcopy(actor), copy.deepcopy(critic)
    opt_a = torch.optim.Adam(actor.parameters(), lr=c.actor_lr)
    opt_c = torch.optim.Adam(critic.parameters(), lr=c.critic_lr)
    obs, info = env.reset()
    for t in range(c.steps):
        if t < c.warmup:
            a = c.random_action()
        else:
            a = actor(torch.tensor(obs)).detach().numpy() + c.noise()
            a = np.clip(a, -1.0, 1.0)
        nxt, rew, term, trunc, info = env.step(scale(a))
        done = term
        replay.store(obs, a, rew, nxt, done)
        obs = nxt
        if term or trunc:
            obs, info = env.reset()
        if t >= c.warmup:
            s, a, r, s2, d = replay.sample(c.batch_size)
            with torch.no_grad():
                y = r + c.gamma * (1 - d) * q_t(s2, pi_t(s2))
            loss_c = F.mse_loss(critic(s, a), y)
            opt_c.zero_grad()
            loss_c.backward()
            opt_c.step()
            loss_a = -critic(s, actor(s)).mean()
            opt_a.zero_grad()
            loss_a.backward()
            opt_a.step()
            for net, tgt in ((actor, pi_t), (critic, q_t)):
                for p, q in zip(net.parameters(), tgt.parameters()):
                    q.data.copy_(c.tau * p.data + (1 - c.tau) * q.data)
"""
CLIPPED = "            a = np.clip(a, -1.0, 1.0)\n"
RESET = """        if term or trunc:
            obs, info = env.reset()
"""
STORE = "        replay.store(obs, a, rew, nxt, done)\n"
ZERO_C, ZERO_A = "            opt_c.zero_grad()\n", "            opt_a.zero_grad()\n"
ACTOR = RIGHT[RIGHT.index("            loss_a") : RIGHT.index("            for net")]
CRITIC = RIGHT[RIGHT.index("            loss_c") : RIGHT.index("            loss_a")]
FOLLOW = RIGHT[RIGHT.index("            for net") :]
UPDATE = RIGHT[RIGHT.index("        if t >= c.warmup") :]


def edited(*edits):
    """The right program with pieces replaced, each of which must be there."""
    text = RIGHT
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new)
    namespace = {}
    exec(compile(text, "<cell>", "exec"), namespace)
    return namespace["my_ddpg"]


def indented(text):
    return "".join(f"    {line}\n" for line in text.splitlines())


WRONG = {
    "unscaled action": ([("env.step(scale(a))", "env.step(a)")], "in the actor's units"),
    "not clipped": ([(CLIPPED, "")], "left the bounds"),
    "no noise": ([(" + c.noise()", "")], "without noise"),
    "no warm-up": ([("if t < c.warmup", "if False")], "there is no warm-up"),
    "a warm-up too long": ([("if t < c.warmup", "if t <= c.warmup")], "31 random actions"),
    "store after reset": (
        [(STORE + "        obs = nxt\n" + RESET,
          "        old = obs\n        obs = nxt\n" + RESET
          + "        replay.store(old, a, rew, obs, done)\n")],
        "store before the reset",
    ),
    "the state is lost": (
        [(STORE + "        obs = nxt\n", "        obs = nxt\n" + STORE)], "a stored s is not"
    ),
    "the state stands still": ([("        obs = nxt\n", "")], "a stored s is not"),
    "time limit as an end": ([("done = term\n", "done = term or trunc\n")], "the time limit"),
    "no end": ([("done = term\n", "done = False\n")], "no end was stored"),
    "no reset": ([(RESET, "")], "after an episode had ended"),
    "stored in the environment's units": (
        [("replay.store(obs, a,", "replay.store(obs, scale(a),")], "Store those"
    ),
    "stored without noise": (
        [("            a = np.clip(a, -1.0, 1.0)\n", CLIPPED + "            bare = a - 0.1\n"),
         ("a = c.random_action()", "bare = a = c.random_action()"),
         ("replay.store(obs, a,", "replay.store(obs, bare,")],
        "noise included",
    ),
    "only good transitions": ([(STORE, f"        if rew > 0:\n    {STORE}")], "store every one"),
    "one update an episode": (
        [("        if t >= c.warmup:", "        if t >= c.warmup and trunc:")], "one for each"
    ),
    "no update": ([(UPDATE, "")], "it sampled 0"),
    "no target": ([("q_t(s2, pi_t(s2))", "critic(s2, actor(s2))")], "learning networks"),
    "targets that are no copies": (
        [("copy.deepcopy(actor), copy.deepcopy(critic)", "actor, critic")], "no copies"
    ),
    "targets that jump": (
        [("c.tau * p.data + (1 - c.tau) * q.data", "p.data")], "instead of following slowly"
    ),
    "online actor in y": ([("q_t(s2, pi_t(s2))", "q_t(s2, actor(s2))")], "the target actor"),
    "online critic in y": ([("q_t(s2, pi_t(s2))", "critic(s2, pi_t(s2))")], "target critic"),
    "tau exchanged": (
        [("c.tau * p.data + (1 - c.tau) * q.data", "(1 - c.tau) * p.data + c.tau * q.data")],
        "exchanged",
    ),
    "targets that never move": ([(FOLLOW, "")], "never move"),
    "no (1 - d)": ([(" * (1 - d)", "")], "nothing follows a terminal"),
    "no gamma": ([("c.gamma * ", "")], "gamma is missing"),
    "the wrong sign": ([("loss_a = -critic", "loss_a = critic")], "the sign"),
    "gradients left in the critic": (
        [(ZERO_C, ""), ("            opt_c.step()\n", f"            opt_c.step()\n{ZERO_C}")],
        "gradients in the critic",
    ),
    "gradients pile up": ([(ZERO_C, ""), (ZERO_A, "")], "never set to zero"),
    "shapes differ": ([("F.mse_loss(critic(s, a), y)", "((critic(s, a) - y[:, 0]) ** 2).mean()")],
                      "different shapes"),
    "actor first": ([(CRITIC + ACTOR, ACTOR + CRITIC)], "the critic first"),
    "actor left out": ([(ACTOR, "")], "the actor's weights never changed"),
    "the stored action": ([("critic(s, actor(s))", "critic(s, a)")], "RuntimeError|never changed"),
    "Adam with another step": ([("lr=c.critic_lr", "lr=0.003")], "end elsewhere"),
    "one step too few": ([("range(c.steps)", "range(c.steps - 1)")], "it took 59 steps"),
    "a slip": ([("obs = nxt\n", "obs = next_obs\n")], r"NameError \(line 23 of your cell\)"),
    "a reward of another sign": ([("obs, a, rew,", "obs, a, -rew,")], "a stored reward"),
}  # fmt: skip


def test_the_right_program_passes():
    assert CHECKS[4](edited()) == ""


@pytest.mark.parametrize("name", WRONG)
def test_each_wrong_version_is_named(name):
    edits, said = WRONG[name]
    assert re.search(said, CHECKS[4](edited(*edits)))


def test_every_mistake_that_is_known_shows_in_the_weights():
    """No two of them end alike, so each is told from the others."""
    for one in MISTAKES:
        trial = Trial(partial(program, mistake=one))
        assert [other for other in ["", *MISTAKES] if trial.ends_as(other)] == [one]


def test_what_is_no_program_is_refused():
    assert CHECKS[4](3) == "give the function my_ddpg(env, actor, critic, replay, c)."


EIGHT = np.array([-148.0, -153.0, -149.0, -1190.0, -147.0, -160.0, -880.0, -150.0])


@pytest.mark.parametrize(
    ("number", "answer", "hint"),
    [
        (1, -31.4, "^$"),
        (1, -2.0, "time limit"),
        (1, -32.0, "discount"),
        (1, 0.98 * -32, "only the next"),
        (1, 5.0, "not yet"),
        (2, np.log(2) / 0.005, "^$"),
        (2, 139, "^$"),
        (2, 200, "time constant"),
        (2, 100, "too few"),
        (2, 7, "not yet"),
        (3, (-153.0, EIGHT.mean(), 2), "^$"),
        (3, (np.median(EIGHT) - 5, EIGHT.mean(), 2), "not yet"),
        (3, (np.median(EIGHT), EIGHT.mean(), 2), "^$|median"),
        (3, (np.sort(EIGHT)[2:].mean(), EIGHT.mean(), 2), "two best"),
        (3, (np.sort(EIGHT)[1:-1].mean(), EIGHT.mean(), 2), "two agents at each end"),
        (3, (-153.0, EIGHT.mean(), 1), "below -300"),
        (3, -150.5, "three numbers"),
    ],
)
def test_numbers(number, answer, hint):
    assert re.search(hint, CHECKS[number](answer))
