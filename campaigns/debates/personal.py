"""What in a post names somebody, says where they live or how to reach them: its author and agents see it."""

import re
from collections.abc import Iterator

from core.pages.contacts import contacts_in

_PLACE_WORDS = """
    rue avenue boulevard place quai pont parc square gare école collège lycée mairie hôtel ville quartier secteur zone
    centre halle halles rive saint sainte mont fort port cours allée chemin impasse route stade piscine gymnase salle
    théâtre bibliothèque médiathèque musée hôpital clinique église ligne tram bus métro station transports région
    métropole crèche jardin fontaine marché street road school bridge park city town line
"""
_FIRST_WORDS = """
    le la les l un une des du de d ce cet cette ces et ou mais pour avec sans dans sur sous à au aux en si il elle ils
    elles nous vous on je tu qui que quand comme car donc ni chaque tout toute tous toutes mon ma mes notre nos votre
    vos leur leurs son sa ses plus moins non oui selon dit the a an this that these and or but for with in on at if
    he she we you they i it my our your their no yes
"""
#: Before or in the name of a place: "rue Jean Moulin" and "Pont Neuf" are nobody.
_PLACES = frozenset(_PLACE_WORDS.split())
#: With a capital at the head of a sentence only.
_HEADS = frozenset(_FIRST_WORDS.split())
_NAME = r"[A-ZÀ-ÖØ-Þ][a-zà-öø-ÿ]+(?:-[A-ZÀ-ÖØ-Þ][a-zà-öø-ÿ]+)*"
_FAMILY = r"(?:(?:[Dd]e|[Dd]u|[Dd]es|[Ll]e|[Ll]a|van|von|ben|el) ){0,2}(?:[dlDL]['’])?[A-ZÀ-ÖØ-Þ][A-Za-zÀ-ÖØ-öø-ÿ-]+"
_CALLED = re.compile(
    rf"\b(?:MM?\.|Mmes?|Mlles?|Monsieur|Madame|Mademoiselle|Mrs?|Ms|Dr|Docteur)\.? (?:{_NAME} )?{_FAMILY}"
)
_FULL = re.compile(rf"(?<![\w'’-])({_NAME}) {_FAMILY}")
_HOME = re.compile(
    r"(?<![\w.,])\d{1,4}(?: ?(?:bis|ter|quater))?,? (?:de la |du |des )?"
    r"(?:rue|avenue|av\.|boulevard|bd|place|quai|chemin|impasse|all[ée]e|cours|route|square)\b[^.,;:\n]{0,40}",
    re.IGNORECASE,
)
_LAST_WORD = re.compile(r"([\w'’-]+)\W*$")


def find_personal(*texts: str) -> list[str]:
    """Return the names, home addresses, telephone numbers and addresses of a post, as it has them.

    It sees names by their capitals, so it misses some and takes some things for people: whoever reads it decides.
    """
    found: list[str] = []
    for text in texts:
        plain = " ".join(text.split())
        found += [*_find_names(plain), *(home[0].strip() for home in _HOME.finditer(plain))]
    return list(dict.fromkeys([*found, *sorted(contacts_in(*texts))]))


def _find_names(text: str) -> Iterator[str]:
    called = [match.span() for match in _CALLED.finditer(text)]
    yield from (text[first:last] for first, last in called)
    for match in _FULL.finditer(text):
        before = _LAST_WORD.search(text[: match.start()])
        near = {match[1].casefold(), before[1].casefold() if before else ""}
        inside = any(first <= match.start() < last for first, last in called)
        if not inside and not near & _PLACES and match[1].casefold() not in _HEADS:
            yield match[0]
