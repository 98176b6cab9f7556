"""The built book's own search: what people look for is among the first five results.

The book must have been built (`make book`; `make test` sees to it). One browser asks for all of it.
"""

import os
from urllib.parse import quote

import pytest
import search_order
from built import HTML

FIRST = 5  # results that a reader looks at

# What people type, and the page that they need.
WANTED = {
    "deploy": "notebooks/howto_deploy",
    "export": "notebooks/howto_deploy",
    "ONNX": "notebooks/howto_deploy",
    "inference": "notebooks/howto_deploy",
    "latency": "notebooks/howto_deploy",
    "robot": "notebooks/howto_deploy",
    "microcontroller": "notebooks/howto_deploy",
    "callback": "notebooks/howto_callbacks",
    "early stopping": "notebooks/howto_callbacks",
    "logging": "notebooks/howto_callbacks",
    "TensorBoard": "notebooks/howto_callbacks",
    "wandb": "notebooks/howto_callbacks",
    "MLflow": "notebooks/howto_callbacks",
    "Optuna": "notebooks/howto_callbacks",
    "demonstrations": "notebooks/howto_demonstrations",
    "curriculum": "notebooks/howto_curriculum",
    "domain randomization": "notebooks/howto_curriculum",
    "custom environment": "notebooks/howto_environment",
    "custom network": "notebooks/howto_loop",
    "training loop": "notebooks/howto_loop",
    "pandas": "notebooks/howto_curves",
    "confidence interval": "notebooks/howto_curves",
    "seed": "notebooks/howto_curves",
    "resume": "notebooks/howto_longer",
    "checkpoint": "notebooks/howto_longer",
    "continue training": "notebooks/howto_longer",
    "fine-tune": "notebooks/howto_longer",
    "warm start": "notebooks/howto_longer",
    "transfer": "notebooks/howto_longer",
    "learning rate": "notebooks/howto_longer",
    "GPU": "notebooks/howto_longer",
    "CUDA": "notebooks/howto_longer",
    "PDF figure": "notebooks/howto_figure",
    "compare runs": "notebooks/13_judging",
    "film": "notebooks/howto_command_line",
    "video": "notebooks/howto_command_line",
    "command line": "notebooks/howto_command_line",
    "Stable-Baselines3": "notebooks/20_speed",
}

# Functions and classes: their place in the reference is the first result.
NAMES = {
    "soft_update": "book/api/parts",
    "td_target": "book/api/parts",
    "StackedAdam": "book/api/parts",
    "bootstrap_interval": "book/api/speed_and_maths",
}

# Letters of formulas, as typed and by name.
LETTERS = [
    "∇", "ε", "τ", "γ", "θ", "σ", "μ", "φ", "Q_phi", "Q_φ", "mu_theta", "V^*",
    "nabla", "epsilon", "tau", "gamma", "theta", "sigma", "mu", "Q", "kappa",
]  # fmt: skip

# The pages of the first results, as soon as these are drawn: each costs the search a request.
RESULTS = f"""() => {{
  const found = [...document.querySelectorAll('#search-results ul.search > li')];
  const summary = document.querySelector('#search-results .search-summary')?.innerText.trim();
  if (found.length < {FIRST} && !summary) return null;
  return found.slice(0, {FIRST}).map(
    e => new URL(e.querySelector('a').href).pathname.slice(1).replace(/[.]html$/, ''));
}}"""


def unavailable(reason: str) -> None:
    """Skip on a reader's machine; fail where nothing may be skipped."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="module")
def search():
    """Ask the book; gives the pages of the first results, in order."""
    if not (HTML / "search.html").exists():
        unavailable(f"the book is not built in {HTML}: run `make book`")
    browser = pytest.importorskip("browser") if not os.environ.get("CI") else __import__("browser")
    executable = browser.find_chromium()
    if executable is None:
        unavailable(browser.ADVICE)
    from playwright.sync_api import sync_playwright

    with browser.serve(HTML) as address, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(**browser.launch_options(executable))
        tab = chromium.new_page()
        tab.set_default_timeout(180_000)  # as in test_pages

        def ask(words: str) -> list[str]:
            tab.goto(f"{address}/search.html?q={quote(words)}")
            return tab.wait_for_function(RESULTS).json_value()

        yield ask
        chromium.close()


@pytest.mark.browser
@pytest.mark.parametrize(("words", "page"), WANTED.items(), ids=WANTED)
def test_what_people_look_for_comes_first(search, words, page):
    found = search(words)
    assert page in found, found


@pytest.mark.browser
@pytest.mark.parametrize(("name", "page"), NAMES.items(), ids=NAMES)
def test_a_function_is_found_in_the_reference(search, name, page):
    assert search(name)[0] == page


@pytest.mark.browser
@pytest.mark.parametrize("letter", LETTERS)
def test_a_letter_leads_to_the_notation(search, letter):
    found = search(letter)
    assert "book/notation" in found, found


def test_a_formula_is_spelled_in_letters_and_in_names():
    assert search_order.spellings(r"Q_\phi") == ["Q_φ", "Q_phi"]
    assert search_order.spellings(r"V^\mu(s)") == ["V^μ", "V^mu"]
    assert search_order.spellings("s") == ["s"]
    assert search_order.spellings(r"\hat J(\theta)") == []
    assert search_order.letters(r"\nabla_\theta \mu") == ["∇", "nabla", "θ", "theta", "μ", "mu"]
    assert search_order.letters(r"G_t") == ["G"]


@pytest.mark.browser
def test_what_is_nowhere_is_not_found(search):
    assert search("qwertzuiop") == []
