import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch

from ddpg_lib.worlds.pendulum.drawing import draw_map, draw_path, draw_pendulum, phase_plane
from ddpg_lib.worlds.pendulum.grid import PendulumGrid


@pytest.fixture
def ax():
    return Figure().add_subplot()


@pytest.mark.parametrize(
    ("theta", "tip"), [(0, (0, 1)), (np.pi / 2, (-1, 0)), (np.pi, (0, -1)), (-np.pi / 2, (1, 0))]
)
def test_rod_points_where_gymnasium_draws_it(ax, theta, tip):
    rod, pivot = draw_pendulum(ax, theta, center=(2, 3))
    np.testing.assert_allclose(rod.get_xydata()[1], np.add(tip, (2, 3)), atol=1e-12)
    np.testing.assert_allclose(pivot.get_xydata()[0], (2, 3))


@pytest.mark.parametrize("torque", [2.0, 1.0, -1.0, -2.0])
def test_arrow_turns_with_the_torque(ax, torque):
    arrow = draw_pendulum(ax, 0.7, torque)[2]
    assert isinstance(arrow, FancyArrowPatch)
    (x0, y0), (x1, y1) = arrow._path_original.vertices[[0, 1]]
    assert np.sign(x0 * y1 - x1 * y0) == np.sign(torque)  # counterclockwise is positive
    turned = np.unwrap(np.arctan2(*arrow._path_original.vertices.T[::-1]))
    assert abs(turned[-1] - turned[0]) == pytest.approx(abs(torque) / 2 * np.deg2rad(150))


def test_no_arrow_without_torque_and_artists_can_be_removed(ax):
    assert len(draw_pendulum(ax, 1.0, 0.0)) == 2
    for artist in draw_pendulum(ax, 1.0, 2.0):
        artist.remove()
    assert len(ax.lines) == 2
    assert not ax.patches


def test_phase_plane_has_the_upright_in_the_middle(ax):
    phase_plane(ax, max_speed=5)
    assert ax.get_xlim() == pytest.approx((-np.pi, np.pi))
    assert ax.get_ylim() == (-5, 5)
    assert "rad" in ax.get_xlabel()
    assert "rad/s" in ax.get_ylabel()


@pytest.mark.parametrize("turns", [-1, 0, 2])
@pytest.mark.parametrize("way", [1, -1])
def test_path_is_wrapped_and_broken_at_the_bottom(ax, turns, way):
    start = np.pi - 0.1
    line = draw_path(ax, way * np.array([start, start + 0.4]) + 2 * np.pi * turns, [1, 5])
    x, y = line.get_data()
    edge = np.pi - 1e-12
    np.testing.assert_allclose(x * way, [start, edge, np.nan, -edge, start + 0.4 - 2 * np.pi])
    np.testing.assert_allclose(y, [1, 2, np.nan, 2, 5])  # a quarter of the way


def test_path_through_the_top_is_not_broken(ax):
    x, y = draw_path(ax, [0.5, -0.5], [1, 2]).get_data()
    np.testing.assert_allclose((x, y), [[0.5, -0.5], [1, 2]])


@pytest.mark.parametrize("angles", [16, 17])
def test_map_shows_each_value_at_its_state(ax, angles):
    grid = PendulumGrid(angles=angles, impulse_cells=1)
    table = np.arange(np.prod(grid.shape), dtype=float).reshape(grid.shape)
    image = draw_map(ax, grid, table)
    left, right, bottom, top = image.get_extent()
    shown = np.asarray(image.get_array())
    for i, j in [(0, 0), (3, 5), (angles - 2, grid.shape[1] - 1)]:
        angle = (grid.theta[i] - left) % (2 * np.pi)
        column = int(angle / (right - left) * shown.shape[1])
        row = int((grid.theta_dot[j] - bottom) / (top - bottom) * shown.shape[0])
        assert shown[row, column] == table[i, j]
    with pytest.raises(ValueError, match="shape"):
        draw_map(ax, grid, table.T)
