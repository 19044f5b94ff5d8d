"""WCAG 2.2 contrast, and the pairs of colours that a city's theme combines on its pages."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

COLOUR = r"^#[0-9a-f]{6}$"
TEXT, SHAPE = 4.5, 3.0
WHITE = "#ffffff"
# Fixed by the style sheet (frontend/civic.scss); no city can change them.
FIXED = {
    "white": WHITE,
    "ink": "#20262d",
    "muted": "#555c64",
    "paper": "#fbf8f3",
    "linen": "#f3ede2",
    "green_tint": "#dff0e2",
    "blue_tint": "#dfecf5",
    "gold_tint": "#f9ebc9",
    "red_tint": "#f9e2dc",
    "grey_tint": "#ece7dd",
}


@dataclass(frozen=True)
class Pair:
    """Two colours shown together. `field` is the theme's colour to change if the pair fails."""

    field: str
    front: str
    back: str
    least: float
    where: str | Promise


_TINTS = ("green_tint", "blue_tint", "gold_tint", "red_tint")
PAIRS = (
    Pair("action", "white", "action", TEXT, _("le texte d’un bouton plein")),
    Pair("action_hover", "white", "action_hover", TEXT, _("le texte d’un bouton survolé")),
    Pair("action", "action", "white", TEXT, _("le texte d’un bouton à contour")),
    Pair("action", "action", "brand_tint", TEXT, _("le texte d’un bouton à contour survolé")),
    Pair("action", "action", "paper", SHAPE, _("le contour d’un bouton sur la page")),
    Pair("action", "action", "grey_tint", SHAPE, _("la barre de progression")),
    Pair("brand", "white", "brand", TEXT, _("le texte du bloc de couleur")),
    Pair("action_hover", "action_hover", "brand_tint", TEXT, _("la page courante dans le menu")),
    Pair("brand_tint", "ink", "brand_tint", TEXT, _("le texte sur le fond clair")),
    Pair("brand_tint", "muted", "brand_tint", TEXT, _("le texte secondaire sur le fond clair")),
    Pair("header_text", "header_text", "header", TEXT, _("le texte de l’en-tête")),
    Pair("link", "link", "white", TEXT, _("un lien sur une carte")),
    Pair("link", "link", "paper", TEXT, _("un lien sur la page")),
    Pair("link", "link", "linen", TEXT, _("un lien dans les filtres")),
    Pair("link", "link", "brand_tint", TEXT, _("un lien sur le fond clair")),
    *(Pair("link", "link", tint, TEXT, _("un lien dans un message")) for tint in _TINTS),
    *(
        Pair("focus", "focus", back, SHAPE, _("le contour du champ actif"))
        for back in ("white", "paper", "linen", "brand_tint")
    ),
)


def is_colour(text: str) -> bool:
    return re.match(COLOUR, text) is not None


def ratio(one: str, other: str) -> float:
    """Return the contrast of two `#rrggbb` colours, from 1 (equal) to 21 (black on white)."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def failures(theme: Mapping[str, str]) -> list[tuple[Pair, float]]:
    """Return the pairs of this theme with too little contrast, and the contrast of each."""
    colours = {**FIXED, **theme}
    measured = [(pair, ratio(colours[pair.front], colours[pair.back])) for pair in PAIRS]
    return [(pair, found) for pair, found in measured if found < pair.least]


def ring_on_header(theme: Mapping[str, str]) -> float:
    """Return the contrast of the focus ring on the header.

    The ring is a coloured line around a white one, and one visible line is enough.
    """
    return max(ratio(theme["focus"], theme["header"]), ratio(WHITE, theme["header"]))


def _luminance(colour: str) -> float:
    channels = (int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
