"""Names that people take for the same: case, accents, what separates words, and letters that look alike."""

import unicodedata

#: Letters of other alphabets, and digits, that are read as a Latin one; each of these as the letter before it.
_ALIKE = {
    "a": "аαɑ",
    "b": "ЬƄвβ",
    "c": "сϲƈ",
    "d": "ԁɗ",
    "e": "еεє",
    "f": "ƒ",
    "g": "ɡց",
    "h": "һнη",
    "i": "іιıℓіӏ1lǀ|",
    "j": "јϳ",
    "k": "кκ",
    "m": "мϻ",
    "n": "пոν",
    "o": "оοо0օ",
    "p": "рρ",
    "q": "ԛզ",
    "r": "гᴦ",
    "s": "ѕʂ",
    "t": "тτ",
    "u": "υսц",
    "w": "ԝωшѡ",
    "x": "хχ",
    "y": "уүγ",
    "z": "ᴢʐ",
}
_LATIN = str.maketrans({letter.casefold(): latin for latin, letters in _ALIKE.items() for letter in letters})
#: Letters by their category, of which nothing is seen.
_INVISIBLE = {"\u115f", "\u1160", "\u3164", "\uffa0"}
_ALPHABETS = ("LATIN", "CYRILLIC", "GREEK")


def folded(name: str) -> str:
    """Return a name without case, accents, what separates its words nor what nobody sees."""
    letters = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", name).casefold()).translate(_LATIN)
    return "".join(letter for letter in letters if letter.isalnum() and not _is_invisible(letter))


def mixes_alphabets(name: str) -> bool:
    """Return whether a name has letters of two alphabets that look alike, or one that nobody sees."""
    whole = unicodedata.normalize("NFC", name)
    found = {unicodedata.name(letter, "").split(" ")[0] for letter in whole if letter.isalpha()}
    return len(found.intersection(_ALPHABETS)) > 1 or any(_is_invisible(letter) for letter in whole)


def _is_invisible(letter: str) -> bool:
    return (
        letter in _INVISIBLE or unicodedata.category(letter) in {"Cf", "Co", "Cn", "Mn", "Me"} and not letter.isspace()
    )
