"""Compare written names and postal addresses, ignoring accents, hyphens, case and one typing error per long word."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

_APART = re.compile(r"[^a-z0-9]+")
_TITLES = {"m", "mr", "mme", "mlle", "monsieur", "madame"}
_AND = {"ou", "et"}
#: What the questions about aids write in place of the first names of somebody who has none yet: words, never a name.
_STAND_IN = re.compile(r"Moi|Me|Mon conjoint|My partner|(?:Enfant|Child) \d+")
#: Abbreviations used by tax notices: both forms are read as the short one.
_STREETS = {
    "avenue": "av",
    "boulevard": "bd",
    "place": "pl",
    "chemin": "ch",
    "impasse": "imp",
    "allee": "all",
    "saint": "st",
    "sainte": "ste",
}


def words(text: object) -> list[str]:
    plain = unicodedata.normalize("NFKD", str(text or "")).encode("ascii", "ignore").decode().lower()
    return [word for word in _APART.split(plain) if word]


def is_stand_in(first_names: object) -> bool:
    """Return whether first names are words such as “Mon conjoint”, which name nobody."""
    return _STAND_IN.fullmatch(str(first_names or "").strip()) is not None


def first_name(first_names: object) -> str:
    """Return the first of somebody's first names, or the whole words that stand in for them."""
    text = str(first_names or "")
    return text if is_stand_in(text) else text.split(" ")[0]


def same_word(left: str, right: str) -> bool:
    """Return whether two words are equal or, from five letters, differ by one letter."""
    return left == right or (min(len(left), len(right)) >= 5 and _one_slip(left, right))


def is_named(text: str, families: Sequence[str], givens: Sequence[str]) -> bool:
    """Return whether the text names a person with one of these family names and one of these given names, if any.

    `M X ET MME Y` names two people, compared one by one: Jean Y is neither. When a given name is known, a family name
    alone is not enough: a brother has it too.
    """
    return any(_is_named(read, families, givens) for read in _people(words(text)))


def is_family_alone(text: str, families: Sequence[str]) -> bool:
    """Return whether the text is one of these family names alone: it may be the person or a relative."""
    return any(
        read and all(_found(word, words(family)) for word in read)
        for read in _people(words(text))
        for family in families
    )


def _people(read: Iterable[str]) -> list[list[str]]:
    people: list[list[str]] = [[]]
    for word in read:
        if word in _AND:
            people.append([])
        elif word not in _TITLES:
            people[-1].append(word)
    return people


def _is_named(read: Sequence[str], families: Sequence[str], givens: Sequence[str]) -> bool:
    known = [word for given in givens for word in words(given)]
    for family in filter(None, families):
        parts = words(family)
        if not parts or not all(_found(part, read) for part in parts):
            continue
        rest = [word for word in read if not _found(word, parts)]
        if not known or any(_found(word, rest) for word in known):
            return True
    return False


def address_words(address: Mapping[str, Any]) -> tuple[str, frozenset[str]]:
    """Return the postcode and the words of the street, whatever the layout in lines."""
    street = address.get("voie") or " ".join(address.get("lignes") or [])
    code = str(address.get("code_postal") or "")
    town = set(words(address.get("commune")))
    if not code and (found := re.search(r"\b\d{5}\b", str(street))):
        code = found[0]
    kept = [_STREETS.get(word, word) for word in words(street) if word != code and word not in town]
    return code, frozenset(kept)


def same_address(left: Mapping[str, Any], right: Mapping[str, Any]) -> bool | None:
    """Compare two postal addresses. Return None if a postcode or a street is missing."""
    (left_code, left_street), (right_code, right_street) = address_words(left), address_words(right)
    if left_code and right_code and left_code != right_code:
        return False
    if not left_street or not right_street or not (left_code and right_code):
        return None
    return left_street <= right_street or right_street <= left_street


def _found(word: str, among: Iterable[str]) -> bool:
    return any(same_word(word, other) for other in among)


def _one_slip(left: str, right: str) -> bool:
    if len(left) > len(right):
        left, right = right, left
    if len(right) - len(left) > 1:
        return False
    start = next((i for i, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), len(left))
    return left[start + 1 :] == right[start + 1 :] if len(left) == len(right) else left[start:] == right[start + 1 :]
