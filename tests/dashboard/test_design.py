"""The design's tokens: whoever sees less well can read everything, in light and in dark."""

import re

import pytest

from piccobase_admin import assets
from piccobase_admin.pages.design import colour_tokens

TEXT, SHAPE = 4.5, 3.0  # WCAG 2.2 AA: 1.4.3 for text, 1.4.11 for what has to be seen to be used

GROUNDS = ("canvas", "surface", "raised", "sunken", "hover")
PAIRS = [
    *((text, ground, TEXT) for text in ("text", "text-muted", "accent") for ground in GROUNDS),
    *((text, ground, TEXT) for text in ("danger", "accent-hover") for ground in ("canvas", "surface", "raised")),
    *((f"on-{kind}", kind, TEXT) for kind in ("accent", "danger")),
    *((f"on-{kind}", f"{kind}-hover", TEXT) for kind in ("accent", "danger")),
    *((kind, f"{kind}-soft", TEXT) for kind in ("accent", "danger", "warning", "success", "info")),
    *((text, f"{kind}-soft", TEXT) for text in ("text", "accent") for kind in ("danger", "warning", "success", "info")),
    *((shape, ground, SHAPE) for shape in ("line-strong", "focus") for ground in ("canvas", "surface", "raised")),
    ("focus", "accent-soft", SHAPE),
    ("focus", "hover", SHAPE),
]
COLOURS = {name: (light, dark) for name, light, dark in colour_tokens()}


def luminance(colour: str) -> float:
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_black_on_white_has_the_contrast_it_has() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_every_pair_that_stands_on_one_another_has_contrast_enough(scheme: int) -> None:
    weak = {
        f"{front} on {back}": round(found, 2)
        for front, back, least in PAIRS
        if (found := contrast(COLOURS[front][scheme], COLOURS[back][scheme])) < least
    }
    assert weak == {}


def test_the_page_of_components_shows_every_colour() -> None:
    shown = re.findall(
        r"\.swatch-([\w-]+) \{ background: var\(--\1\)", assets.load("static/design.css").content.decode()
    )
    assert shown == list(COLOURS)


def test_styles_use_no_colour_and_no_token_that_is_not_declared() -> None:
    tokens = assets.load("static/tokens.css").content.decode()
    declared = set(re.findall(r"(--[\w-]+):", tokens))
    for file in sorted((assets.FOLDER / "static").glob("*.css")):
        styles = assets.load(f"static/{file.name}").content.decode() if file.name != "tokens.css" else ""
        assert set(re.findall(r"var\((--[\w-]+)", styles)) <= declared
        assert re.findall(r"#[0-9a-fA-F]{3,8}\b", styles) == []
