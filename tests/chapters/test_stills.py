"""The stills of living figures, as notebooks show them."""

import base64
import re
from xml.etree import ElementTree

import pytest

from ddpg_lib.chapters import show_still


@pytest.fixture
def shown(monkeypatch):
    bundles = []
    monkeypatch.setattr("IPython.display.display", lambda data, raw: bundles.append(data))
    return bundles


def test_a_still_is_a_picture_with_its_text(shown):
    show_still("swing-the-pendulum-by-hand")
    (bundle,) = shown
    assert set(bundle) == {"text/html", "text/plain"}
    pattern = (
        r'<figure class="ddpg-figure"><img src="data:image/svg\+xml;base64,(.+)" alt="(.+)">'
        r"<figcaption>.*book.*</figcaption></figure>"
    )
    data, alt = re.fullmatch(pattern, bundle["text/html"]).groups()
    drawing = ElementTree.fromstring(base64.b64decode(data, validate=True))
    assert drawing.tag.endswith("}svg")
    assert drawing.find("{*}title").text == alt == bundle["text/plain"]
    assert "pendulum" in alt


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "lander-flight",
            "there is no still picture 'lander-flight'; did you mean lander-flights?",
        ),
        ("scrub", "there is no still picture 'scrub'; did you mean scrub-through-training?"),
        ("xyz", "there is no still picture 'xyz': only lander-flights, q-landscape-and-arrow, "),
        ("../stills/lander-flights", "did you mean lander-flights?"),
    ],
)
def test_an_unknown_name_is_refused(shown, name, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        show_still(name)
    assert shown == []
