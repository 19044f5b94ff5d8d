"""The map of a form: which value goes to which place of one blank, as YAML that agents write.

    blank: 3f1c…                     # SHA-256 of the file that it is for
    lines:
      - name: nom
        label: Nom de naissance
        value: personne#/nom         # a value of the vault; none: the resident types it
        field: nom_naissance         # a field of the PDF, or:
        page: 1
        box: [30, 52.5, 80, 7]       # left, top, width, height, in millimetres from the page's upper left corner

docs/forms.md has the rest. A map comes from somebody: it is read by the safe loader, within limits that are checked on
its events before anything is built.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import yaml
from django.utils.translation import gettext as _

from vault import types

MOST_BYTES: Final = 100_000
MOST_NODES: Final = 10_000
MOST_DEPTH: Final = 8
MOST_LINES: Final = 200
MOST_ROWS: Final = 10
#: Hundredths of a millimetre in a millimetre: the unit of a blank's facts.
UNIT: Final = 100
LABEL_LENGTH: Final = 120
NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")

TEXT, LINES, DATE, COMB, CHECK = "text", "lines", "date", "comb", "check"
KINDS: Final = (TEXT, LINES, DATE, COMB, CHECK)
APPLICANT, PARTNER, CHILDREN = "demandeur", "conjoint", "enfants"
PEOPLE: Final = (APPLICANT, PARTNER, CHILDREN)
#: What is known of each person of a household, whatever proves it.
PERSON: Final = "personne"
PERSON_PARTS: Final = ("nom", "nom_usage", "prenom", "naissance")
KEYS: Final = frozenset(
    {"name", "label", "value", "of", "kind", "field", "page", "box", "equals", "option", "required", "rows", "step"}
    | {"cells"}
)

Refuse = Callable[[str], Exception]


class Refused(Exception):
    """The map is refused; the message is a sentence for whoever wrote it."""


class _Loader(yaml.SafeLoader):
    """The safe loader; days stay text."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in found if tag != "tag:yaml.org,2002:timestamp"]
    for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle of a page, whose first is 0. Hundredths of a millimetre from the upper left corner."""

    page: int
    left: int
    top: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Place:
    """Where a text goes. `widget` is the page and the place of a field, None on the page itself."""

    box: Box
    widget: tuple[int, int] | None = None
    field: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    name: str
    label: str
    kind: str
    value: str
    of: str
    places: tuple[Place, ...]
    #: Places of the further rows of a line of several people, the first included.
    rows: tuple[tuple[Place, ...], ...]
    equals: tuple[str, ...] = ()
    option: str = ""
    required: bool = False
    cells: int = 0

    @property
    def is_asked(self) -> bool:
        return not self.value


@dataclass(frozen=True, slots=True)
class Map:
    blank: str
    lines: tuple[Line, ...]

    def fields(self) -> list[str]:
        """Return the ids of the vault's values, without those of persons."""
        wanted = (line.value for line in self.lines if line.value and not line.value.startswith(f"{PERSON}#"))
        return list(dict.fromkeys("#/".join((code, way.split("/")[0])) for code, _sep, way in map(_parted, wanted)))


def _parted(value: str) -> tuple[str, str, str]:
    return value.partition("#/")


def read(text: str, *, sha256: str, facts: Mapping[str, Any]) -> Map:
    """Read a map and check it against the blank's facts.

    Raises:
        Refused
    """
    data = _loaded(text)
    if data.get("blank") != sha256:
        raise Refused(_("Ce plan est écrit pour un autre formulaire : son empreinte n’est pas celle de ce PDF."))
    items = data.get("lines")
    if not isinstance(items, list) or not items:
        raise Refused(_("Ce plan n’a aucune ligne."))
    if len(items) > MOST_LINES:
        raise Refused(_("Ce plan a plus de %(most)s lignes.") % {"most": MOST_LINES})
    lines = tuple(_line(item, number, facts) for number, item in enumerate(items, 1))
    names = [line.name for line in lines]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise Refused(_("Deux lignes ont le même nom : « %(name)s ».") % {"name": twice})
    return Map(sha256, lines)


def starter(sha256: str, facts: Mapping[str, Any]) -> str:
    """Return a first map: one line for each field of the PDF, or one example to move on a flat page."""
    lines: list[dict[str, Any]] = []
    seen: set[str] = set()
    for field in facts["fields"]:
        if field["kind"] == "other" or field["name"] in seen or len(lines) == MOST_LINES:
            continue
        seen.add(field["name"])
        line = {"name": _slug(field["name"], len(lines) + 1), "label": field["name"], "field": field["name"]}
        if field["kind"] == "check":
            line |= {"kind": CHECK, "option": field["states"][0]}
        elif field["cells"]:
            line |= {"kind": COMB, "cells": field["cells"]}
        elif field["lines"]:
            line |= {"kind": LINES}
        lines.append(line)
    if not lines:
        lines.append({"name": "nom", "label": "Nom", "value": "personne#/nom", "page": 1, "box": [30, 50, 80, 7]})
    found: str = yaml.safe_dump({"blank": sha256, "lines": lines}, allow_unicode=True, sort_keys=False, width=100)
    return found


def _slug(name: str, number: int) -> str:
    plain = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")[:34]
    return f"{plain}_{number}" if NAME.fullmatch(plain) else f"ligne_{number}"


def _loaded(text: str) -> dict[str, Any]:
    if len(text.encode()) > MOST_BYTES:
        raise Refused(_("Ce plan est trop gros : %(most)s kilo-octets au plus.") % {"most": MOST_BYTES // 1000})
    try:
        _measure(text)
        found = yaml.load(text, _Loader)  # noqa: S506 - it derives from the safe loader
        json.dumps(found, ensure_ascii=False, default=str).encode()  # half a character can be shown on no page
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = _("ligne %(line)s") % {"line": mark.line + 1} if mark else _("quelque part")
        raise Refused(_("Ce plan n’est pas du YAML lisible : %(where)s.") % {"where": where}) from None
    if not isinstance(found, dict):
        raise Refused(_("Ce plan n’a aucune ligne."))
    return found


def _measure(text: str) -> None:
    """Look at the events, which cost no memory, before anything is built. A bomb needs aliases; no map does."""
    nodes = depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        nodes += isinstance(event, yaml.NodeEvent)
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if isinstance(event, yaml.AliasEvent):
            raise Refused(_("Ce plan renvoie d’un endroit à un autre (alias) : écrivez chaque valeur en entier."))
        if nodes > MOST_NODES or depth > MOST_DEPTH:
            raise Refused(_("Ce plan est trop grand ou trop emboîté."))


def _line(item: Any, number: int, facts: Mapping[str, Any]) -> Line:  # noqa: ANN401 - any part of a file
    if not isinstance(item, dict) or not {"name", "label"} <= set(item):
        raise Refused(_("La ligne %(number)s n’a pas de nom (name) ou de libellé (label).") % {"number": number})
    name, label = str(item["name"]), str(item["label"]).strip()[:LABEL_LENGTH]
    if not NAME.fullmatch(name) or not label:
        raise Refused(
            _("La ligne %(number)s a un nom impossible : des minuscules, des chiffres et « _ ».") % {"number": number}
        )

    def refuse(reason: str) -> Refused:
        return Refused(_("« %(line)s » : %(reason)s") % {"line": name, "reason": reason})

    if unknown := sorted(str(key) for key in set(item) - KEYS):
        raise refuse(_("« %(key)s » n’existe pas.") % {"key": unknown[0]})
    of, kind, value = str(item.get("of", APPLICANT)), str(item.get("kind", TEXT)), str(item.get("value") or "")
    if of not in PEOPLE:
        raise refuse(_("« of » est demandeur, conjoint ou enfants."))
    if kind not in KINDS:
        raise refuse(_("« kind » est text, lines, date, comb ou check."))
    if value and not _is_known(value):
        raise refuse(_("la valeur « %(value)s » n’existe pas dans les coffres.") % {"value": value[:80]})
    rows = item.get("rows", 1)
    if not _is_whole(rows, 1, MOST_ROWS) or (rows > 1 and of != CHILDREN):
        raise refuse(_("« rows » va de 1 à %(most)s, pour les enfants.") % {"most": MOST_ROWS})
    if of == CHILDREN and not value:
        raise refuse(_("une ligne des enfants prend une valeur du coffre."))
    cells = item.get("cells", 0)
    if not _is_whole(cells, 0, 60):
        raise refuse(_("« cells » est un nombre de cases, 60 au plus."))
    places = tuple(_places(item, row, facts, refuse) for row in range(rows))
    option = str(item.get("option", ""))
    if kind == CHECK and places[0][0].widget is not None:
        option = _option(places[0][0].field, option, facts, refuse)
    if kind == COMB and not cells:
        raise refuse(_("« cells » dit combien de cases il y a."))
    equals = item.get("equals", [])
    wanted = equals if isinstance(equals, list) else [equals]
    return Line(
        name=name,
        label=label,
        kind=kind,
        value=value,
        of=of,
        places=places[0],
        rows=places,
        equals=tuple(_plain(one) for one in wanted),
        option=option,
        required=item.get("required") is True,
        cells=cells,
    )


def _plain(value: Any) -> str:  # noqa: ANN401 - any part of a file
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)


def _is_whole(value: Any, least: int, most: int) -> bool:  # noqa: ANN401 - any part of a file
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _is_known(value: str) -> bool:
    code, _sep, way = _parted(value)
    if code == PERSON:
        return way in PERSON_PARTS
    return types.field_exists(f"{code}#/{way.split('/')[0]}")


def _places(item: Mapping[str, Any], row: int, facts: Mapping[str, Any], refuse: Refuse) -> tuple[Place, ...]:
    if "field" in item:
        name = str(item["field"]).replace("{n}", str(row + 1))
        found = tuple(
            Place(Box(one["page"], *one["box"]), (one["page"], one["place"]), name)
            for one in facts["fields"]
            if one["name"] == name and one["kind"] != "other"
        )
        if not found:
            raise refuse(_("le PDF n’a pas de champ « %(field)s ».") % {"field": name[:80]})
        return found
    box: Any = item.get("box")
    page: Any = item.get("page")
    step: Any = item.get("step", 0)
    if not _is_whole(page, 1, len(facts["pages"])):
        raise refuse(_("« page » va de 1 à %(most)s, ou « field » nomme un champ.") % {"most": len(facts["pages"])})
    if not isinstance(box, list) or len(box) != 4 or not all(_is_length(side) for side in [*box, step]):
        raise refuse(_("« box » a quatre longueurs en millimètres : gauche, haut, largeur, hauteur."))
    left, top, width, height = (round(side * UNIT) for side in box)
    placed = Box(page - 1, left, top + round(step * UNIT) * row, width, height)
    wide, high = facts["pages"][page - 1]
    if width < UNIT or height < UNIT or left + width > wide or placed.top + height > high:
        raise refuse(_("sa place sort de la page."))
    return (Place(placed),)


def _is_length(value: Any) -> bool:  # noqa: ANN401 - any part of a file
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 2000


def _option(field: str, option: str, facts: Mapping[str, Any], refuse: Refuse) -> str:
    states: list[str] = [state for one in facts["fields"] if one["name"] == field for state in one["states"]]
    if not option and len(set(states)) == 1:
        return states[0]
    if option not in states:
        raise refuse(_("« option » est l’une de : %(states)s.") % {"states": ", ".join(sorted(set(states))[:12])})
    return option
