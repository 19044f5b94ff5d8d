"""Communes and countries of the French geographic code, found by their names.

Former names and former countries are in the code too: a person born in one keeps it on their papers. The files are
loaded on the first search; no page sends them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from vault.types.names import words

FOLDER: Final = Path(__file__).parent / "geographic_code"
COMMUNE, COUNTRY = "commune", "country"
FRANCE: Final = "99100"
_ABROAD: Final = "99"
_FICTIONAL: Final[dict[str, "Place"]] = {}
_LONG: Final = {"st": "saint", "ste": "sainte", "sts": "saints", "stes": "saintes"}


@dataclass(frozen=True, slots=True)
class Place:
    """A place of the code, under one of its names. `today` is the code of the commune of which it is now a part."""

    code: str
    name: str
    today: str
    postcodes: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """Return a commune with its department, “La Rochelle (17)”, or a country's name."""
        return self.name if self.code.startswith(_ABROAD) else f"{self.name} ({department(self.code)})"


def department(code: str) -> str:
    return code[:3] if code.startswith(("97", "98")) else code[:2]


def find(kind: str, code: str) -> Place | None:
    """Return the place with this code."""
    return _by_code(kind).get(code)


def search(kind: str, text: str) -> list[Place]:
    """Return the places that a text may mean: those with this very name or code, else those that contain its words.

    The shortest names come first.
    """
    asked, marks = _asked(text)
    if not asked:
        coded = [place for mark in marks for place in _of_mark(kind, mark)]
        return _without_doubles(coded)
    exact = [place for key, place in _named(kind) if key == " ".join(asked) and _fits(place, marks)]
    if exact:
        return _without_doubles(exact)
    starts = [f" {word}" for word in asked]
    near = [
        place for key, place in _named(kind) if all(start in f" {key}" for start in starts) and _fits(place, marks)
    ]
    return _without_doubles(sorted(near, key=lambda place: (len(place.name), place.name)))


def with_postcode(postcode: str) -> list[Place]:
    """Return the communes of today that have a postcode, by name."""
    return list(_by_postcode().get(postcode, ()))


def commune_of(postcode: str, name: str) -> Place | None:
    """Return the commune of a postcode with this name, current or former."""
    asked = " ".join(_words(name))
    return next((place for key, place in _named(COMMUNE) if key == asked and postcode in place.postcodes), None)


def add_fictional(code: str, name: str, postcode: str) -> None:
    """Add a commune that does not exist, for a demonstration."""
    _FICTIONAL[code] = Place(code, name, code, (postcode,))
    for cached in (_named, _by_code, _by_postcode, _load):
        cached.cache_clear()


def _asked(text: str) -> tuple[list[str], list[str]]:
    """Split a search into its words and its numbers: a department, a postcode or a code of the place."""
    found = _words(text)
    marks = [word.upper() for word in found if word[0].isdecimal() and not word.endswith(("er", "e", "eme"))]
    return [word for word in found if word.upper() not in marks], marks


def _fits(place: Place, marks: Sequence[str]) -> bool:
    return all(
        mark in {place.code, department(place.code)} or any(code.startswith(mark) for code in place.postcodes)
        for mark in marks
    )


def _of_mark(kind: str, mark: str) -> list[Place]:
    own = _by_code(kind).get(mark)
    return [*([own] if own else []), *(_by_postcode().get(mark, ()) if kind == COMMUNE else ())]


def _without_doubles(places: Sequence[Place]) -> list[Place]:
    return list({place.code: place for place in reversed(places)}.values())[::-1]


def _words(text: str) -> list[str]:
    return [_LONG.get(word, word) for word in words(text.replace("’", " "))]


@cache
def _named(kind: str) -> tuple[tuple[str, Place], ...]:
    return tuple((" ".join(_words(place.name)), place) for place in _load(kind))


@cache
def _by_code(kind: str) -> dict[str, Place]:
    return {place.code: place for place in reversed(_load(kind))}


@cache
def _by_postcode() -> dict[str, list[Place]]:
    found: dict[str, list[Place]] = {}
    for place in _by_code(COMMUNE).values():
        for postcode in place.postcodes if place.code == place.today else ():
            found.setdefault(postcode, []).append(place)
    return {postcode: sorted(places, key=lambda place: place.name) for postcode, places in found.items()}


@cache
def _load(kind: str) -> tuple[Place, ...]:
    file = {COMMUNE: "communes.tsv", COUNTRY: "countries.tsv"}[kind]
    rows = [line.split("\t") for line in (FOLDER / file).read_text(encoding="utf-8").splitlines() if line[0] != "#"]
    postcodes = {code: rest[0].split() for code, _names, *rest in rows if rest and not rest[0].startswith("=")}
    found = [place for code, names, *rest in rows for place in _places(code, names, "".join(rest), postcodes)]
    return (*found, *(_FICTIONAL.values() if kind == COMMUNE else ()))


def _places(code: str, names: str, rest: str, postcodes: Mapping[str, Sequence[str]]) -> list[Place]:
    today = rest[1:] if rest.startswith("=") else code
    return [Place(code, name, today, tuple(postcodes.get(today, ()))) for name in names.split("|")]
