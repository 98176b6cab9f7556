"""Chapter 8's equations: the library against calculations that share no code with it."""

import math

import gymnasium as gym
import numpy as np
import pytest
from scipy import linalg, optimize, special

from ddpg_lib import DDPG, DecayingNoise, OrnsteinUhlenbeckNoise, recipe
from ddpg_lib.chapters.ch08.processes import AR1, estimate
from ddpg_lib.chapters.ch08.resonance import Resonator
from ddpg_lib.worlds.pendulum.model import PendulumModel

DEFINITIONS = {
    "8a.1": "defines the Ornstein-Uhlenbeck process in continuous time",
}
SIGMA, THETA = 0.2, 0.15


def library_noise(paths, steps, sigma=SIGMA, theta=THETA, dt=1.0, seed=0):
    """Play the library's Ornstein-Uhlenbeck noise on many paths, shape (paths, steps)."""
    noise = OrnsteinUhlenbeckNoise([np.random.default_rng(seed)], paths, sigma, theta, dt)
    return np.stack([noise.sample()[0] for _ in range(steps)], axis=1)


@pytest.mark.equation("8a.2", by="Euler's steps, made ever finer, in float64")
def test_exact_step_is_the_limit_of_fine_steps():
    """A million Euler steps that fill one time unit have the exact step's mean and variance."""
    m = 1_000_000
    exact = AR1.ornstein_uhlenbeck(SIGMA, THETA, dt=1.0, exact=True)
    fine = AR1.ornstein_uhlenbeck(SIGMA, THETA, dt=1.0 / m)
    assert fine.m**m == pytest.approx(exact.m, rel=1e-6)  # what is left of x
    added = fine.b**2 * np.sum(fine.m ** (2 * np.arange(m)))  # variance that was added
    assert added == pytest.approx(exact.b**2, rel=1e-6)


@pytest.mark.equation("8.1", by="the recursion by hand, number by number")
def test_library_takes_euler_steps():
    """The library's noise is x <- x - theta x dt + sigma sqrt(dt) xi, and AR1 names its numbers."""
    dt = 0.5
    x = library_noise(1, 20, dt=dt, seed=7)[0]
    rng, by_hand, as_ar1 = np.random.default_rng(7), 0.0, 0.0
    process = AR1.ornstein_uhlenbeck(SIGMA, THETA, dt)
    for value in x:
        xi = rng.standard_normal()
        by_hand = by_hand - THETA * by_hand * dt + SIGMA * math.sqrt(dt) * xi
        as_ar1 = process.m * as_ar1 + process.b * xi
        assert value == pytest.approx(by_hand, abs=1e-14)
        assert value == pytest.approx(as_ar1, abs=1e-14)


@pytest.mark.equation("8.2", by="Monte Carlo over 40,000 paths, within five standard errors")
def test_variance_after_a_reset():
    """The variance of the library's noise t steps after a reset is the closed form's."""
    paths = 40_000
    x = library_noise(paths, 40)
    for t in (1, 2, 5, 10, 40):
        expected = float(AR1.ornstein_uhlenbeck(SIGMA, THETA).variance(t))
        # The variance of n normal numbers has the relative standard error sqrt(2 / n).
        assert x[:, t - 1].var() == pytest.approx(expected, rel=5 * math.sqrt(2 / paths))


@pytest.mark.equation("8.3", by="Lyapunov's equations, discrete and continuous, solved numerically")
def test_stationary_variance_of_steps_and_of_the_continuous_process():
    """Euler's steps settle at a variance 1 / (1 - theta dt / 2) times the continuous one's."""
    for dt in (0.01, 0.5, 1.0, 5.0):
        process = AR1.ornstein_uhlenbeck(SIGMA, THETA, dt)
        steps = linalg.solve_discrete_lyapunov([[process.m]], [[process.b**2]])[0, 0]
        continuous = linalg.solve_continuous_lyapunov([[-THETA]], [[-(SIGMA**2)]])[0, 0]
        assert process.std**2 == pytest.approx(steps)
        assert process.std**2 == pytest.approx(continuous / (1 - THETA * dt / 2))
        exact = AR1.ornstein_uhlenbeck(SIGMA, THETA, dt, exact=True)
        assert exact.std**2 == pytest.approx(continuous)


@pytest.mark.equation("8.4", by="Monte Carlo over 40,000 paths, within five standard errors")
def test_autocorrelation_and_memory():
    """Values k steps apart correlate as m^k, and the memory is the sum of all correlations."""
    paths = 40_000
    process = AR1.ornstein_uhlenbeck(SIGMA, THETA)
    x = library_noise(paths, 140)[:, 60:]  # long after the reset
    for lag in (1, 5, 10, 30):
        measured = np.corrcoef(x[:, 0], x[:, lag])[0, 1]
        assert measured == pytest.approx(process.autocorrelation(lag), abs=5 / math.sqrt(paths))
    two_sided = 1 + 2 * np.sum(process.autocorrelation(np.arange(1, 2000)))
    assert process.memory == pytest.approx(two_sided)


@pytest.mark.equation("8a.6", by="the Fourier series of the autocovariance, summed term by term")
def test_spectrum():
    """The closed form is the Fourier series of the autocovariance, and its mean the variance."""
    for m in (-0.4, 0.0, 0.85, 0.99):
        process, lags = AR1(m, 0.3), np.arange(1, 5000)
        omega = np.linspace(-math.pi, math.pi, 7)
        waves = np.cos(omega[:, None] * lags)
        series = process.std**2 * (1 + 2 * waves @ process.autocorrelation(lags))
        np.testing.assert_allclose(process.spectrum(omega), series, rtol=1e-9)
        around = np.linspace(-math.pi, math.pi, 20_000, endpoint=False)
        assert process.spectrum(around).mean() == pytest.approx(process.std**2)


@pytest.mark.equation("8a.3", by="finite differences of both simulators in float64")
def test_both_worlds_are_this_resonator_when_they_swing_a_little():
    """A tiny swing of the pendulum and of Gymnasium's car obeys the resonator's equation."""
    model, u = PendulumModel(), np.array([0.0, 1e-6, -2e-6, 5e-7, 0.0, 3e-6])
    theta, speed = np.pi, 0.0
    angles = [theta, theta]  # at rest before the first push
    for push in u:
        theta, speed, _ = model.step(theta, speed, model.max_torque * push)
        angles.append(float(theta))
    check_resonator(Resonator.of_pendulum(), np.array(angles) - np.pi, u)

    car = gym.make("MountainCarContinuous-v0").unwrapped
    car.reset()
    bottom = -math.pi / 6
    places = [bottom, bottom]
    position, velocity = bottom, 0.0
    for push in u:  # step by step in float64: Gymnasium rounds its state to float32
        car.state = (position, velocity)
        velocity = velocity + push * car.power - 0.0025 * math.cos(3 * position)
        car.step(np.array([push]))
        assert car.state[1] == pytest.approx(velocity, abs=1e-8)
        position += velocity
        places.append(position)
    check_resonator(Resonator.of_mountain_car(), np.array(places) - bottom, u)


def check_resonator(resonator, y, u):
    left = y[2:] - 2 * math.cos(resonator.omega) * y[1:-1] + y[:-2]
    np.testing.assert_allclose(left, resonator.gain * u, atol=1e-13)


@pytest.mark.equation("8a.4", by="the recursion (8a.3), iterated")
def test_swing_is_the_noise_at_one_frequency():
    """Iterating the resonator gives the sum of sines; its amplitude is a Fourier coefficient."""
    resonator = Resonator(0.19, 0.015)
    u = np.random.default_rng(0).normal(size=60)
    y = [0.0, 0.0]
    for push in u:
        y.append(2 * math.cos(resonator.omega) * y[-1] - y[-2] + resonator.gain * push)
    n, k = len(u), np.arange(len(u))
    sines = resonator.response * np.sum(u * np.sin(resonator.omega * (n - k)))
    assert y[-1] == pytest.approx(sines)
    # Left alone it swings on; the highest point of a fine turn is the amplitude.
    after = [y[-2], y[-1]]
    for _ in range(5000):
        after.append(2 * math.cos(resonator.omega) * after[-1] - after[-2])
    assert resonator.amplitude(u) == pytest.approx(max(after), rel=1e-3)


@pytest.mark.equation(
    "8a.5", by="Monte Carlo with the library's noise, within five standard errors"
)
def test_mean_square_amplitude():
    """Pushed by the library's noise, the resonator's mean squared amplitude is the double sum."""
    paths, n = 20_000, 100
    resonator, process = Resonator.of_pendulum(), AR1.ornstein_uhlenbeck(SIGMA, THETA)
    squares = resonator.amplitude(library_noise(paths, n)) ** 2
    expected = resonator.mean_square_amplitude(process, n)
    assert squares.mean() == pytest.approx(expected, abs=5 * squares.std() / math.sqrt(paths))
    # Long after the reset each step adds the power at the resonance.
    growth = resonator.mean_square_amplitude(process, 900)
    growth -= resonator.mean_square_amplitude(process, 800)
    power = resonator.response**2 * process.spectrum(resonator.omega)
    assert growth / 100 == pytest.approx(float(power), rel=2e-2)


@pytest.mark.equation("8a.7", by="numerical maximization")
def test_best_memory():
    """No other m of equal standard deviation has more power at the resonance."""
    for resonator in (Resonator.of_pendulum(), Resonator.of_mountain_car(), Resonator(1.2, 1.0)):
        found = optimize.minimize_scalar(
            lambda m, w=resonator.omega: -AR1.with_std(1.0, m).spectrum(w),
            bounds=(-0.999, 0.9999),
            method="bounded",
            options={"xatol": 1e-9},
        )
        assert resonator.best_m == pytest.approx(found.x, abs=1e-5)
        assert -found.fun == pytest.approx(1 / math.sin(resonator.omega))


@pytest.mark.equation("8b.1", by="trigamma functions, and Monte Carlo with the library's noise")
def test_energy_of_decaying_noise():
    """The squares of 1 / (1 + i + j) sum to less than 1 / (i + 1/2) in episode i."""
    steps = 200
    for i in (0, 1, 5, 40):
        noise = DecayingNoise([np.random.default_rng(0)], 20_000, sigma=1.0)
        for _ in range(i):
            noise.reset(np.array([True]))
        energy = sum((noise.sample() ** 2).mean() for _ in range(steps))
        exact = float(special.polygamma(1, 1 + i) - special.polygamma(1, 1 + i + steps))
        assert energy == pytest.approx(exact, rel=0.05)
        assert exact < 1 / (i + 0.5)


@pytest.mark.equation("8a.8", by="Monte Carlo over 2,000 swings, within five standard errors")
def test_time_to_an_amplitude():
    """White noise drives a resonator to R after (R sin(omega) / g)^2 / S steps on average."""
    resonator, noise, paths = Resonator(0.3, 0.02), AR1(0.0, 1.0), 2_000
    radius = 0.6
    rng, c = np.random.default_rng(1), np.zeros(paths, complex)
    steps, reached = np.zeros(paths), np.zeros(paths)
    running = np.ones(paths, bool)
    while running.any():  # the complex amplitude turns by omega and takes the push
        turned = np.exp(1j * resonator.omega) * c[running]
        c[running] = turned + resonator.response * noise.b * rng.standard_normal(running.sum())
        steps[running] += 1
        over = running & (np.abs(c) >= radius)
        reached[over] = np.abs(c[over])
        running &= ~over
    # The formula holds for the amplitude at which it really stopped, overshoot included.
    gap = steps - [resonator.steps_to(r, noise) for r in reached]
    assert abs(gap.mean()) < 5 * gap.std() / math.sqrt(paths)
    assert resonator.steps_to(radius, noise) == pytest.approx(steps.mean(), rel=0.15)


@pytest.mark.equation("8.5", by="the noise that a stack with bounds of 0.4 was asked for")
def test_three_numbers_of_the_noise_as_it_arrives():
    """Actions less the policy's, over half the range, have the noise's strength and memory."""
    config = recipe("default", hidden=(4,), noise="ornstein_uhlenbeck", sigma=0.05)
    agent = DDPG(2, [-0.4], [0.4], config, seeds=[0])
    obs = np.zeros((1, 2))
    record = np.array([agent.explore(obs) - agent.act(obs) for _ in range(20_000)])[:, 0, 0]
    asked = AR1.ornstein_uhlenbeck(0.05)
    m, std = estimate(record / 0.4)
    assert m == pytest.approx(asked.m, abs=0.02)
    assert std == pytest.approx(asked.std, rel=0.06)
    # With the formula written out, and a mean that must not matter.
    x = record + 0.3
    centered = x - np.mean(x)
    by_hand = np.sum(centered[1:] * centered[:-1]) / np.sum(centered**2)
    assert estimate(x) == pytest.approx((by_hand, np.sqrt(np.mean(centered**2))))
