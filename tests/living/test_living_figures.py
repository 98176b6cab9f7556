"""The living figures as a reader uses them: keys, mouse, touch, links, phones, no script."""

import itertools
import re
from contextlib import contextmanager

import living_figures
import numpy as np
import pytest

from ddpg_lib.worlds.pendulum.model import PendulumModel

pytestmark = pytest.mark.browser
SWING, LANDSCAPE = "swing-the-pendulum-by-hand", "q-landscape-and-arrow"
SCRUB, LANDER = "scrub-through-training", "lander-flights"
FRONT = "pendulum"
NAMES = sorted(living_figures.FIGURES)
FASTEST = 3_000  # steps a second: an episode in a few frames
SIDEWAYS = "Math.abs(s.theta + Math.PI / 2) < 0.02"  # to the right
TOUCH = {"viewport": {"width": 375, "height": 800}, "has_touch": True, "is_mobile": True}


def state(tab, name):
    return tab.evaluate("name => ddpgLiving.figures[name].test()", name)


def until(tab, name, condition):
    """Wait until the figure's state ``s`` fulfils a condition in JavaScript; return it then."""
    script = f"name => {{ const s = ddpgLiving.figures[name].test(); return {condition} && s; }}"
    return tab.wait_for_function(script, arg=name).json_value()


def hurry(tab, name):
    tab.evaluate("([name, r]) => ddpgLiving.figures[name].rate(r)", [name, FASTEST])


def middle(canvas, dx=0.0, dy=0.0):
    """A point of the screen, from the canvas's middle in shares of its smaller side."""
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    side = min(box["width"], box["height"])
    return box["x"] + box["width"] / 2 + dx * side, box["y"] + box["height"] / 2 + dy * side


def drag(tab, canvas, start, end, release=True):
    tab.mouse.move(*middle(canvas, *start))
    tab.mouse.down()
    tab.mouse.move(*middle(canvas, *end), steps=4)
    if release:
        tab.mouse.up()


@contextmanager
def finger(tab, canvas, start, *path):
    """A finger that goes down at ``start``, moves along ``path``, and is lifted at the end."""
    phone = tab.context.new_cdp_session(tab)
    points = [np.array(middle(canvas, *point)) for point in (start, *path)]

    def touch(kind, *at):
        touched = [{"x": float(x), "y": float(y)} for x, y in at]
        phone.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touched})

    touch("touchStart", points[0])
    for begin, end in itertools.pairwise(points):
        for share in np.linspace(0.25, 1, 4):
            touch("touchMove", (1 - share) * begin + share * end)
    yield
    touch("touchEnd")


def tap_slider(tab, label, share):
    """Tap a slider where a share of its length lies to the left."""
    box = slider(tab, label).bounding_box()
    tab.touchscreen.tap(box["x"] + share * box["width"], box["y"] + box["height"] / 2)


def slider(tab, label):
    return tab.get_by_role("slider", name=label, exact=True)


def colors(tab, canvas=0):
    """How many different colors a canvas shows."""
    script = """i => {
      const e = document.querySelectorAll('.living-canvas canvas')[i];
      const d = e.getContext('2d').getImageData(0, 0, e.width, e.height).data;
      return new Set(new Uint32Array(d.buffer)).size;
    }"""
    return tab.evaluate(script, canvas)


def picture(tab):
    script = "() => [...document.querySelectorAll('canvas')].map(e => e.toDataURL()).join()"
    return tab.evaluate(script)


# ---- All of them ----


@pytest.mark.parametrize("name", NAMES)
def test_a_phone_shows_all_of_it_without_scrolling_sideways(visit, name):
    tab = visit(name, **TOUCH)
    tab.wait_for_timeout(100)
    assert tab.evaluate("document.scrollingElement.scrollWidth") <= 375
    assert tab.locator(".living-still").is_hidden()
    for i in range(tab.locator(".living-canvas canvas").count()):
        assert colors(tab, i) > 5
    for control in tab.locator(".living :is(button, input, select)").all():
        box = control.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 375
        assert box["height"] >= 24  # a finger's target by WCAG 2.2


@pytest.mark.parametrize("name", NAMES)
def test_without_scripts_the_still_picture_is_there(visit, name):
    tab = visit(name, java_script_enabled=False)
    living = living_figures.FIGURES[name]
    still = tab.locator(".living-still svg[role=img]")
    assert still.count() == bool(living.still) != bool(living.instead)
    if living.still:
        assert still.is_visible()
        assert still.get_attribute("aria-label") == living.alt
    assert tab.locator("canvas").count() == 0
    assert tab.locator("figcaption").is_visible()


@pytest.mark.parametrize("name", NAMES)
def test_every_control_has_a_name(visit, name):
    tab = visit(name)
    for control in tab.locator(".living :is(button, input, select, canvas)").all():
        label = control.get_attribute("aria-label") or control.inner_text()
        if control.evaluate("e => e.tagName") == "SELECT":
            label = control.evaluate("e => e.labels[0].textContent")
        assert label.strip()
    assert tab.locator("figure.living").get_attribute("aria-label")


@pytest.mark.parametrize("name", NAMES)
def test_colors_follow_light_and_dark(visit, name):
    tab = visit(name, reduced_motion="reduce")
    tab.wait_for_timeout(100)
    light = picture(tab)
    tab.evaluate("document.documentElement.dataset.theme = 'dark'")
    tab.wait_for_timeout(100)
    assert picture(tab) != light


@pytest.mark.parametrize("name", NAMES)
def test_reduced_motion_starts_paused(visit, name):
    tab = visit(name, reduced_motion="reduce")
    tab.evaluate("async () => { await document.fonts.ready }")
    tab.wait_for_timeout(100)  # the last drawing, with its fonts
    before, seen = state(tab, name), picture(tab)
    tab.wait_for_timeout(300)
    assert state(tab, name) == before
    assert picture(tab) == seen


def test_motion_that_is_asked_for_comes_even_then(visit):
    tab = visit(SCRUB, reduced_motion="reduce")
    tab.get_by_role("button", name="Play").click()
    until(tab, SCRUB, "Math.abs(s.theta - Math.PI) > 0.05")
    tab.get_by_role("button", name="Pause").click()
    stopped = state(tab, SCRUB)
    tab.wait_for_timeout(200)
    assert state(tab, SCRUB) == stopped


@pytest.mark.parametrize("name", [SCRUB, SWING, LANDER, FRONT])
def test_playing_takes_few_frames(visit, frames_a_second, name):
    """Chapter 0's figure, which also trains, is measured with its other tests."""
    tab = visit(name, reduced_motion="reduce")
    if name in (SWING, LANDER):  # they would reach their ends while a slow machine measures
        tab.evaluate("name => ddpgLiving.figures[name].rate(5)", name)
    tab.get_by_role("button", name="Play", exact=True).click()
    playing, paused = frames_a_second(tab)
    print(f"{name}: {playing:.0f} frames a second, {paused:.0f} paused")
    assert playing > paused / 4


@pytest.mark.parametrize(
    ("name", "label"), [(LANDSCAPE, "Training"), (LANDSCAPE, "Angle"), (LANDER, "Time")]
)
def test_an_answer_comes_within_a_tenth_of_a_second(visit, name, label):
    tab = visit(name, reduced_motion="reduce")
    took = tab.evaluate(
        """async label => {
             const e = document.querySelector(`input[aria-label="${label}"]`), took = [];
             for (let i = 0; i < 15; i++) {
               const began = performance.now();
               e.value = Number(e.min) + (Number(e.max) - e.min) * i / 15;
               e.dispatchEvent(new Event('input'));
               await new Promise(requestAnimationFrame);
               await new Promise(requestAnimationFrame);
               took.push(performance.now() - began);
             }
             return took;
           }""",
        label,
    )
    assert np.median(took) < 100


def test_size():
    """Scripts and styles of all figures together, without recorded numbers: under 60 kB."""
    files = [*living_figures.LIVING.glob("*.js"), *living_figures.LIVING.glob("*.css")]
    assert {script for f in living_figures.FIGURES.values() for script in f.scripts} <= {
        path.name for path in files
    }
    assert sum(path.stat().st_size for path in files) < 60_000


# ---- Swing it yourself ----


def test_the_pendulum_obeys_a_held_key(visit):
    tab = visit(SWING)
    assert state(tab, SWING)["t"] == 0
    tab.locator("canvas").first.focus()
    tab.keyboard.down("ArrowRight")
    found = until(tab, SWING, "s.t >= 8")
    tab.keyboard.up("ArrowRight")
    model, theta, speed, total = PendulumModel(), np.pi, 0.0, 0.0
    for _ in range(found["t"]):
        theta, speed, reward = model.step(theta, speed, 2.0)
        total += reward
    assert found["theta"] == pytest.approx(float(theta), abs=1e-5)
    assert found["speed"] == pytest.approx(float(speed), abs=1e-5)
    assert found["total"] == pytest.approx(float(total), abs=1e-5)
    assert until(tab, SWING, "s.torque === 0")["t"] > found["t"]


def test_dragging_pulls_the_tip_to_the_pointer(visit):
    tab = visit(SWING)
    canvas = tab.locator("canvas").first
    drag(tab, canvas, (0.0, 0.3), (0.35, 0.1), release=False)  # from below to the right
    assert until(tab, SWING, "s.t >= 3 && s.torque !== 0")["torque"] == 2
    drag(tab, canvas, (0.35, 0.1), (-0.35, 0.1), release=False)
    until(tab, SWING, "s.torque === -2")
    tab.mouse.up()
    until(tab, SWING, "s.torque === 0")


def test_a_finger_pulls_too(visit):
    tab = visit(SWING, **TOUCH)
    with finger(tab, tab.locator("canvas").first, (-0.3, 0.1)):
        assert until(tab, SWING, "s.t >= 2 && s.torque !== 0")["torque"] == -2
    until(tab, SWING, "s.torque === 0")


def test_the_slider_gives_part_of_the_torque(visit):
    tab = visit(SWING)
    slider(tab, "Torque").focus()
    for _ in range(5):
        tab.keyboard.press("ArrowRight")
    assert until(tab, SWING, "s.torque > 0.4")["torque"] == pytest.approx(0.5)


def test_an_episode_ends_after_200_steps_and_is_compared(visit):
    tab = visit(SWING, query="start=2")
    hurry(tab, SWING)
    tab.get_by_role("button", name="Play").click()
    found = until(tab, SWING, "s.t >= 200")
    rulers = living_figures.rulers()
    theta, speed = rulers["starts"][2]
    total, model = 0.0, PendulumModel()
    for _ in range(200):
        theta, speed, reward = model.step(theta, speed, 0.0)
        total += float(reward)
    assert found["total"] == pytest.approx(total, abs=1e-4)
    said = tab.locator(".living-live").inner_text()
    numbers = [total] + [rulers[n][2][-1] for n in ("optimum", "shaping", "random")]
    heard = [int(x.replace("−", "-")) for x in re.findall(r"−?\d+", said)]
    assert heard == pytest.approx(numbers, abs=1)
    tab.get_by_role("button", name="Again").click()
    assert until(tab, SWING, "s.t === 0")["total"] == 0


def test_another_start_is_chosen_and_linked_to(visit):
    tab = visit(SWING)
    tab.get_by_role("combobox", name="Start").select_option("3")
    assert state(tab, SWING)["theta"] == living_figures.rulers()["starts"][3][0]
    tab.wait_for_function("location.hash.includes('start=3')")


# ---- The landscape ----


def test_the_address_names_the_state(visit):
    tab = visit(LANDSCAPE, query="moment=4&theta=-1.2&speed=3.5")
    found = state(tab, LANDSCAPE)
    assert (found["moment"], found["theta"], found["speed"]) == (4, pytest.approx(-1.2), 3.5)
    assert slider(tab, "Training").input_value() == "4"
    assert slider(tab, "Angle").input_value() == "-69"
    # And follows what the reader does, for others to open.
    slider(tab, "Training").press("ArrowRight")
    tab.wait_for_function("location.hash.includes('moment=5')")
    assert "theta=-1.2" in tab.evaluate("location.hash")
    tab.evaluate("name => { location.hash = `${name}?moment=0&theta=0.5` }", LANDSCAPE)
    found = until(tab, LANDSCAPE, "s.moment === 0")
    assert (found["theta"], found["speed"]) == (0.5, 0)


@pytest.mark.parametrize("query", ["moment=99&theta=x", "moment=-3&speed=1e9", "nothing=1&theta="])
def test_a_wrong_address_does_no_harm(visit, query):
    found = state(visit(LANDSCAPE, query=query), LANDSCAPE)
    assert 0 <= found["moment"] <= 15
    assert abs(found["theta"]) <= 3.142
    assert abs(found["speed"]) <= 8


def test_the_pendulum_is_dragged_to_a_state(visit):
    tab = visit(LANDSCAPE)
    drag(tab, tab.locator("canvas").first, (0, 0.36), (0.36, 0))
    found = state(tab, LANDSCAPE)
    assert found["theta"] == pytest.approx(-np.pi / 2, abs=0.03)
    assert slider(tab, "Angle").input_value() in ("-91", "-90", "-89")
    assert len(found["curve"]) == 81
    # What is drawn is of this state: the curve at the actor's torque is the value that is named.
    at = np.interp(found["action"], np.linspace(-2, 2, 81), found["curve"])
    assert at == pytest.approx(found["value"], abs=0.05)


def test_keys_turn_the_pendulum_and_change_its_speed(visit):
    tab = visit(LANDSCAPE, query="theta=0.5&speed=0")
    tab.locator("canvas").first.focus()
    tab.keyboard.press("ArrowLeft")
    tab.keyboard.press("ArrowUp")
    found = state(tab, LANDSCAPE)
    assert (found["theta"], found["speed"]) == (pytest.approx(0.55), pytest.approx(0.2))


def test_training_changes_the_landscape(visit):
    tab = visit(LANDSCAPE)
    last = state(tab, LANDSCAPE)
    slider(tab, "Training").press("Home")
    first = state(tab, LANDSCAPE)
    assert first["moment"] == 0
    # Before any update every value is near 0 and the actor's torque, too.
    assert np.abs(first["curve"]).max() < 1
    assert abs(first["action"]) < 0.1
    assert np.mean(last["curve"]) < -100


def test_a_moment_is_chosen_in_the_picture_below(visit):
    tab = visit(LANDSCAPE)
    canvas = tab.locator("canvas").nth(2)
    drag(tab, canvas, (0, 0), (-1.2, 0))
    assert 0 < state(tab, LANDSCAPE)["moment"] < 15


def test_a_finger_turns_the_pendulum_and_goes_through_training(visit):
    tab = visit(LANDSCAPE, **TOUCH)
    top = tab.evaluate("scrollY")
    with finger(tab, tab.locator("canvas").first, (0, 0.3), (0.2, 0.2), (0.3, 0)):
        held = until(tab, LANDSCAPE, SIDEWAYS)["theta"]
    assert tab.evaluate("scrollY") == top  # a finger on the rod does not scroll the page
    assert state(tab, LANDSCAPE)["theta"] == held
    assert slider(tab, "Angle").input_value() in ("-91", "-90", "-89")
    # The moments of training, below: along the chart, then by a tap at its beginning.
    chart = tab.locator("canvas").nth(2)
    with finger(tab, chart, (0.9, 0), (-0.3, 0)):
        dragged = until(tab, LANDSCAPE, "s.moment > 0 && s.moment < 15")["moment"]
    tab.touchscreen.tap(*middle(chart, -0.75))
    until(tab, LANDSCAPE, f"s.moment < {dragged}")


def test_the_landscapes_sliders_take_taps(visit):
    tab = visit(LANDSCAPE, **TOUCH)
    for label, share in (("Training", 0.3), ("Angle", 0.75), ("Speed", 0.25)):
        slider(tab, label).scroll_into_view_if_needed()
        tap_slider(tab, label, share)
    found = state(tab, LANDSCAPE)
    assert found["moment"] in (4, 5)
    assert found["theta"] == pytest.approx(np.pi / 2, abs=0.25)
    assert found["speed"] == pytest.approx(-4, abs=0.7)


# ---- Scrub through training ----


def test_the_trained_actor_swings_up_and_recovers_from_a_push(visit):
    tab = visit(SCRUB)
    hurry(tab, SCRUB)
    assert until(tab, SCRUB, "s.upright > 100")
    for direction in ("←", "→"):
        tab.get_by_role("button", name=f"Push {direction}").click()
        assert until(tab, SCRUB, "s.upright > 100")


def test_the_untrained_actor_does_not(visit):
    tab = visit(SCRUB, query="moment=0")
    hurry(tab, SCRUB)
    highest = 0
    for _ in range(8):
        tab.wait_for_timeout(100)
        highest = max(highest, state(tab, SCRUB)["upright"])
    assert highest < 20


def test_a_push_adds_four_radians_a_second(visit):
    tab = visit(SCRUB, reduced_motion="reduce")
    tab.evaluate("name => ddpgLiving.figures[name].rate(0)", SCRUB)
    canvas = tab.locator("canvas").first
    canvas.focus()
    tab.keyboard.press("ArrowRight")
    assert state(tab, SCRUB)["speed"] == 4
    tab.keyboard.press("ArrowLeft")
    assert state(tab, SCRUB)["speed"] == 0


def test_a_held_pendulum_waits_and_falls_when_let_go(visit):
    tab = visit(SCRUB, query="moment=0")
    drag(tab, tab.locator("canvas").first, (0, 0.3), (0.36, 0), release=False)
    held = state(tab, SCRUB)
    tab.wait_for_timeout(200)
    assert state(tab, SCRUB) == held
    assert held["theta"] == pytest.approx(-np.pi / 2, abs=0.03)
    tab.mouse.up()
    until(tab, SCRUB, "Math.abs(s.speed) > 1")


def test_the_curve_is_a_slider_too(visit):
    tab = visit(SCRUB, reduced_motion="reduce")
    chart = tab.locator("canvas").nth(1)
    drag(tab, chart, (0, 0), (-0.45, 0))
    moment = state(tab, SCRUB)["moment"]
    assert 0 < moment < 15
    assert slider(tab, "Training").input_value() == str(moment)
    tab.wait_for_function(f"location.hash.includes('moment={moment}')")
    slider(tab, "Training").press("End")
    assert state(tab, SCRUB)["moment"] == 15


def test_a_finger_holds_the_pendulum_and_chooses_a_moment(visit):
    tab = visit(SCRUB, query="moment=0", **TOUCH)
    with finger(tab, tab.locator("canvas").first, (0, 0.3), (0.2, 0.2), (0.3, 0)):
        held = until(tab, SCRUB, SIDEWAYS)
        tab.wait_for_timeout(200)
        assert state(tab, SCRUB) == held
    until(tab, SCRUB, "Math.abs(s.speed) > 1")
    chart = tab.locator("canvas").nth(1)
    with finger(tab, chart, (-0.4, 0), (0.1, 0)):
        dragged = until(tab, SCRUB, "s.moment > 0 && s.moment < 15")["moment"]
    tab.touchscreen.tap(*middle(chart, 0.6))
    until(tab, SCRUB, f"s.moment > {dragged}")
    slider(tab, "Training").scroll_into_view_if_needed()
    tap_slider(tab, "Training", 0.3)
    assert state(tab, SCRUB)["moment"] in (4, 5)


def test_a_tapped_button_pushes(visit):
    tab = visit(SCRUB, reduced_motion="reduce", **TOUCH)
    tab.evaluate("name => ddpgLiving.figures[name].rate(0)", SCRUB)
    tab.get_by_role("button", name="Push ←").tap()
    assert state(tab, SCRUB)["speed"] == -4
    tab.get_by_role("button", name="Let it hang").tap()
    assert state(tab, SCRUB)["speed"] == 0


# ---- The lander ----


def test_a_flight_is_scrubbed_with_keys_and_mouse(visit):
    tab = visit(LANDER)
    flight = living_figures.flights()["flights"][2]
    slider(tab, "Time").press("ArrowRight")
    assert state(tab, LANDER) == {"flight": 2, "t": 1, "length": len(flight["x"])}
    said = tab.locator(".living-output").inner_text().replace("−", "-")
    assert [int(x) for x in re.findall(r"-?\d+", said)] == pytest.approx(
        [100 * flight["main"][1], 100 * abs(flight["side"][1]), flight["sum"][1], flight["q"][1]],
        abs=1,
    )
    drag(tab, tab.locator("canvas").nth(1), (0, 0), (0.2, 0))
    assert len(flight["x"]) / 2 < state(tab, LANDER)["t"] < len(flight["x"])
    slider(tab, "Time").press("End")
    assert flight["end"] in tab.locator(".living-output").inner_text()


def test_a_flight_is_scrubbed_with_a_finger(visit):
    tab = visit(LANDER, **TOUCH)
    length = state(tab, LANDER)["length"]
    chart = tab.locator("canvas").nth(1)
    with finger(tab, chart, (0, 0), (0.2, 0)):
        until(tab, LANDER, "s.t > s.length / 2 && s.t < s.length - 1")
    tab.touchscreen.tap(*middle(chart, -0.2))
    until(tab, LANDER, "s.t > 0 && s.t < s.length / 2")
    slider(tab, "Time").scroll_into_view_if_needed()
    tap_slider(tab, "Time", 0.5)
    assert state(tab, LANDER)["t"] == pytest.approx(length / 2, abs=length / 20)
    # A tap on Play goes on from there.
    tab.get_by_role("button", name="Play").tap()
    until(tab, LANDER, f"s.t > {length // 2 + 20}")


@pytest.mark.parametrize(("name", "chart"), [(LANDSCAPE, 2), (SCRUB, 1), (LANDER, 1)])
def test_a_finger_that_goes_up_scrolls_past_a_chart(visit, name, chart):
    tab = visit(name, reduced_motion="reduce", **TOUCH)
    tab.evaluate("document.querySelector('main').style.paddingBottom = '2000px'")
    canvas = tab.locator("canvas").nth(chart)
    canvas.scroll_into_view_if_needed()
    top = tab.evaluate("scrollY")
    with finger(tab, canvas, (0, 0.2), (0, -0.8)):
        pass
    tab.wait_for_function("y => scrollY > y + 30", arg=top)  # it glides on after the finger
    assert tab.evaluate("scrollY") > top + 30


def test_a_flight_plays_to_its_end_and_again(visit):
    tab = visit(LANDER)
    hurry(tab, LANDER)
    tab.get_by_role("button", name="Play").click()
    assert until(tab, LANDER, "s.t === s.length - 1")
    tab.evaluate("name => ddpgLiving.figures[name].rate(50)", LANDER)
    tab.get_by_role("button", name="Play").click()
    assert until(tab, LANDER, "s.t > 0 && s.t < s.length - 2")


def test_another_flight_is_chosen_and_linked_to(visit):
    tab = visit(LANDER, reduced_motion="reduce", query="flight=1&t=200")
    length = len(living_figures.flights()["flights"][1]["x"])
    assert state(tab, LANDER) == {"flight": 1, "t": 200, "length": length}
    tab.get_by_role("combobox", name="Flight").select_option("0")
    assert state(tab, LANDER)["t"] == 0
    tab.wait_for_function("location.hash.includes('flight=0')")


def test_the_flights_are_what_they_say():
    """Of each: as long as its columns, a return that adds up, and an end that fits."""
    for flight in living_figures.flights()["flights"]:
        lengths = {len(flight[key]) for key in ("x", "y", "angle", "main", "side", "q", "sum")}
        assert lengths == {len(flight["x"])}
        last = flight["sum"][-1] - flight["sum"][-2]
        assert last == pytest.approx({"crash": -100, "at rest": 100}.get(flight["end"], 0), abs=20)
        assert (len(flight["x"]) == 1_001) == (flight["end"] == "time is up")
        main = np.array(flight["main"])
        assert (((main == 0) | (main >= 0.5)) & (main <= 1)).all()


# ---- The front page ----


def test_the_front_pendulum_stands_up_and_again_after_a_push(visit):
    tab = visit(FRONT)
    hurry(tab, FRONT)
    stands = "Math.cos(s.theta) > 0.99 && Math.abs(s.speed) < 0.01"
    until(tab, FRONT, stands)
    tab.evaluate("name => ddpgLiving.figures[name].rate(0)", FRONT)
    tab.get_by_role("button", name="Press it").press("Enter")
    assert state(tab, FRONT)["speed"] == pytest.approx(5, abs=0.02)
    hurry(tab, FRONT)
    until(tab, FRONT, stands)


@pytest.mark.parametrize(("side", "sign"), [(-0.2, 1), (0.2, -1)])
def test_a_press_pushes_the_front_pendulum_away(visit, side, sign):
    """It hangs: pressed on its left it goes to the right, which is counterclockwise."""
    tab = visit(FRONT, reduced_motion="reduce")
    tab.evaluate("name => ddpgLiving.figures[name].rate(0)", FRONT)
    tab.mouse.click(*middle(tab.locator("canvas"), side, 0.3))
    assert state(tab, FRONT)["speed"] == 5 * sign
    assert tab.get_by_role("button", name="Pause").is_visible()


def test_a_finger_scrolls_past_the_front_pendulum_and_taps_it(visit):
    tab = visit(FRONT, reduced_motion="reduce", **TOUCH)
    assert tab.locator("canvas").evaluate("e => getComputedStyle(e).touchAction") == "auto"
    tab.evaluate("name => ddpgLiving.figures[name].rate(0)", FRONT)
    tab.touchscreen.tap(*middle(tab.locator("canvas"), 0.2, 0.3))
    assert state(tab, FRONT)["speed"] == -5


def test_the_front_pendulum_rests_out_of_sight(visit):
    tab = visit(FRONT)
    until(tab, FRONT, "Math.abs(s.theta - Math.PI) > 0.05")
    tab.evaluate("document.querySelector('main').style.paddingBottom = '3000px'; scrollTo(0, 2500)")
    tab.wait_for_timeout(200)
    before = state(tab, FRONT)
    tab.wait_for_timeout(300)
    assert state(tab, FRONT) == before
    tab.evaluate("scrollTo(0, 0)")
    until(tab, FRONT, f"s.theta !== {before['theta']}")
