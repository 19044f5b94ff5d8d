"""Telephone numbers, web addresses and e-mail addresses in a text that one person writes, however they are spelled."""

import re
import unicodedata
from collections.abc import Iterable, Iterator

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

#: Tens are their first digit: "trente-quatre" is 34.
_DIGITS = {
    "zéro zero": "0",
    "un one": "1",
    "deux two vingt vingts twenty": "2",
    "trois three trente thirty": "3",
    "quatre four quarante forty": "4",
    "cinq five cinquante fifty": "5",
    "six soixante sixty": "6",
    "sept seven septante seventy": "7",
    "huit eight huitante octante eighty": "8",
    "neuf nine nonante ninety": "9",
    "dix ten": "10",
    "onze eleven": "11",
    "douze twelve": "12",
    "treize thirteen": "13",
    "quatorze fourteen": "14",
    "quinze fifteen": "15",
    "seize sixteen": "16",
    "seventeen": "17",
    "eighteen": "18",
    "nineteen": "19",
}
_WORDS = {word: digits for words, digits in _DIGITS.items() for word in words.split()}
_WORD = rf"\b(?:{'|'.join(sorted(_WORDS, key=len, reverse=True))})\b"
_BETWEEN = r"\b(?:et|and|puis|then|ensuite|cents?|hundred)\b"
_SPELLED = re.compile(
    rf"{_WORD}(?:(?:[\W_]|{_BETWEEN}){{1,5}}{_WORD}){{5,}}"
    # Numbers of four digits, in two groups: "trente-six trente-neuf".
    rf"|\b(?:trente|thirty)[\W_](?:et[\W_])?{_WORD}[ ,]{{1,2}}{_WORD}"
    rf"|\b(?:appelez|composez|faites|call|dial|ring)\W(?:(?:au|le|the)\W)?(?:dix|ten)[ ,]{{1,2}}{_WORD}"
)
#: Between groups of digits: "08 puis 99".
_THEN = re.compile(r"(?<=\d)\W{1,3}(?:puis|then|ensuite|et|and)\W{1,3}(?=\d)")

_SELECTORS = {chr(code) for code in (*range(0xFE00, 0xFE10), 0x34F, 0x115F, 0x1160, 0x3164, 0xFFA0)}
_LETTERS = "oоilі"
#: Letters that look like digits, in a group with digits.
_ALIKE = re.compile(rf"\b(?=[{_LETTERS}]*\d)[\d{_LETTERS}]+\b")
_AS_DIGITS = str.maketrans(_LETTERS, "00111")
_KNOWN = r"(?:fr|com|org|net|eu|io|app|info|be|ch|de|uk|me|co|link|site|online|biz|xyz)"
_DOT = re.compile(rf"[(\[]\s*(?:\.|dot|point)\s*[)\]]|。|(?<=\w)[•·∙●‧・⋅](?={_KNOWN}\b)")

_NUMBER = re.compile(r"(?<!\d)\d(?:[ .\-/]?\d){8,}(?!\d)")
_SPREAD = re.compile(r"(?<!\d)\d(?:[\W_]{0,4}\d){8,}(?!\d)")
_FIRST = re.compile(r"(?<!\d)0|\+|(?<!\d)33(?=(?:\D*\d){9}(?:\D{5}|\D*$))")
_DATES = re.compile(r"(?:(?:\d{1,2}[/.-]){0,2}(?:19|20)\d\d)(?:[\W_]{1,4}(?:\d{1,2}[/.-]){0,2}(?:19|20)\d\d)*")
_AMOUNT = re.compile(r"[1-9]\d{0,2}(?: \d{3})+")
_MONEY = re.compile(r" ?(?:€|euros?\b)")

_CALL = r"(?:appel\w*|compos\w*|t[ée]l|t[ée]l[ée]phon\w*|phone|num[ée]ro|joign\w*|call|dial|ring|text|sms)"
_AFTER = r"(?![\d*]|[ .,/-]\d| ?(?:€|%|euros?\b|h\b))"
_SHORT = re.compile(
    rf"(?<![\d.,/-])(?<!\d )(?:3\d{{3}}|3\d[ .-]\d\d|3[ .-]\d[ .-]\d[ .-]\d|10[ .-]\d\d|118[ .-]?\d{{3}}){_AFTER}"
    rf"|\b{_CALL}\W{{1,3}}(?:(?:au|le|du|the|on)\W{{1,3}})?(?!(?:19|20)\d\d\b)\d ?\d[ .-]?\d ?\d{_AFTER}"
)
#: "Au point info" is a place.
_ARTICLE = r"(?:au|le|un|du|ce|chaque|votre|notre|les|des|the|a|an|this|your|our|each)"
#: These end the name of a file, and no address.
_FILE = r"(?!(?:pdf|csv|json|xml|png|jpe?g|svg|txt|ics|docx?|xlsx?)\b)"
_ADDRESS = re.compile(
    r"[^\s<>()]*@[^\s<>()]+"
    r"|\w*[(\[]\s*(?:at|arobase|arrobase|chez)\s*[)\]]\s*\w*|\barr?obase\b"
    r"|\w+ at \w+ dot \w+"
    r"|\b[a-z]+:/ ?/[^\s<>()]+|(?<![\w/])//\w[^\s<>()]*|\bhttps?\s*:|\b(?:mailto|tel|sms):\S+"
    rf"|\b(?:[\w-]+\.)*[\w-]*\w\w\.{_FILE}[^\W\d_]{{2,}}[\w-]*(?:/[^\s<>()]*)?"
    rf"|\b\w\.(?:{_KNOWN}\b|[^\W\d_]{{2,}}/)[^\s<>()]*"
    r"|\bxn--[\w.-]+"
    r"|\w+ (?:point|dot) (?:fr|com|org|net|eu|io)\b"
    rf"|\b(?!{_ARTICLE} )[\w-]+ (?:point|dot) (?!(?:de|me|be)\b){_KNOWN}\b"
    r"|\w+(?: \. ?| ?\. )(?:fr|com|org|net)\b"
    rf"|\w+ \. ?{_KNOWN}\b"
)


#: Between two texts.
_NEXT = " | "


def contacts_in(*texts: str) -> set[str]:
    """Return the numbers, by their digits, and the addresses that the texts have."""
    return {found for text in texts for found in _contacts(_plain(text))}


def refuse_new(texts: Iterable[str], known: Iterable[str]) -> None:
    """Refuse a number or an address that is not in the texts that people read already, also in two halves.

    One person writes these texts; two persons change where residents call, write and go.

    Raises:
        ValidationError
    """
    texts, known = [*filter(None, texts)], [*filter(None, known)]
    new = contacts_in(*texts) - contacts_in(*known)
    new = new or {*_in_halves(texts)} - {*_in_halves(known)}  # a page shows one text below another
    if new:
        said = _("Ni téléphone, ni e-mail, ni adresse web ici : ils se changent à deux. À retirer : %(found)s.")
        raise ValidationError(said % {"found": ", ".join(sorted(new))})


def written(value: object) -> Iterator[str]:
    """Return the texts of a value. The lines of a list are one text, as they are read."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from written(part)
    elif isinstance(value, list):
        yield "\n".join(text for part in value for text in written(part))


def _plain(text: str) -> str:
    """Return the text as it is read: no invisible character, one kind of digit, space, dot and dash."""
    seen = []
    for character in unicodedata.normalize("NFKC", text):
        kind = unicodedata.category(character)
        if kind in {"Cf", "Me", "Cc"} and not character.isspace() or character in _SELECTORS:
            continue
        digit = unicodedata.digit(character, None)
        dash = "-" if kind == "Pd" else " " if character.isspace() else character
        seen.append(dash if digit is None else str(digit))
    plain = "".join(seen).lower()
    return _DOT.sub(".", _ALIKE.sub(lambda found: found[0].translate(_AS_DIGITS), plain))


def _contacts(text: str) -> Iterator[str]:
    yield from (found[0].strip(".,;:!?…»\"'") for found in _ADDRESS.finditer(text))
    yield from (found[0] for found in _SPELLED.finditer(text))
    said = _THEN.sub(", ", re.sub(_WORD, lambda found: _WORDS[found[0]], text))
    for number in _SPREAD.finditer(said):
        if _is_number(number[0], said[: number.start()], said[number.end() :]):
            yield _digits(number[0])
    yield from (_digits(found[0]) for found in _SHORT.finditer(text))


def _in_halves(texts: Iterable[str]) -> Iterator[str]:
    """Return the numbers that begin in a text as a telephone's does, and go on in the next one."""
    joined = _plain(_NEXT.join(texts))
    said = _THEN.sub(", ", re.sub(_WORD, lambda found: _WORDS[found[0]], joined))
    for number in _SPREAD.finditer(said):
        begins = number[0].startswith(("0", "33")) or said[: number.start()].endswith("+")
        if begins and _NEXT.strip() in number[0]:
            yield _digits(number[0])
    yield from (found[0] for found in _SPELLED.finditer(joined) if _NEXT.strip() in found[0])


def _is_number(found: str, before: str, after: str) -> bool:
    """Return False for dates, for amounts, and for a list of numbers that does not begin as a telephone does."""
    if _DATES.fullmatch(found) or _AMOUNT.fullmatch(found) and _MONEY.match(after):
        return False
    return bool(_NUMBER.fullmatch(found) or _FIRST.search(before[-1:].replace(" ", "") + found))


def _digits(text: str) -> str:
    return "".join(character for character in text if character.isdecimal())
