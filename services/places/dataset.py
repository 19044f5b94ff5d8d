"""Places as data·inclusion writes structures (https://github.com/gip-inclusion/data-inclusion, version 1): JSON, CSV.

A field that this shape does not have (`acces`, `langues`, `a_savoir`) is written under its own name, and read back.
"""

import csv
import io
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from itertools import islice
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from core.files.csv_cells import harmless
from core.unstorable import is_unstorable
from services.places.enums import PlaceKind, StepFree
from services.places.models import Place

#: Our field, by theirs.
FIELDS = {
    "id": "code",
    "nom": "name",
    "adresse": "street",
    "complement_adresse": "more",
    "code_postal": "postal_code",
    "commune": "town",
    "code_insee": "insee",
    "latitude": "latitude",
    "longitude": "longitude",
    "telephone": "phone",
    "courriel": "email",
    "site_web": "website",
    "horaires_accueil": "hours",
    "accessibilite_lieu": "access_url",
    "source": "source",
    "lien_source": "source_url",
    "date_maj": "updated_on",
    "organisme": "organisation",
    "acces": "step_free",
    "a_savoir": "note",
    "a_savoir_en": "note_en",
}
HEADS = [*FIELDS, "reseaux_porteurs", "langues"]
#: 2 MB: some 5,000 places.
MOST_BYTES, MOST_PLACES = 2_000_000, 5_000
TELEPHONE = re.compile(r"\+[0-9 ]+")
NULLABLE = {"latitude", "longitude", "updated_on"}


class Unreadable(ValueError):
    """The file is not a list of places. The message says why, in French."""


@dataclass
class Loaded:
    """The outcome of a load: numbers of places, and each refused row with its reasons."""

    added: int = 0
    refreshed: int = 0
    left: int = 0
    refused: list[str] = field(default_factory=list)


def load(content: bytes) -> Loaded:
    """Add the places of a file, and refresh those already there. A place that an agent edited here is left as it is.

    Raises:
        Unreadable: nothing is written.
    """
    done = Loaded()
    try:
        rows = list(islice(_rows(content), MOST_PLACES + 1))
    except csv.Error:
        raise Unreadable("Le fichier n’est pas du CSV.") from None
    if len(rows) > MOST_PLACES:
        raise Unreadable(f"Plus de {MOST_PLACES} lieux\u00a0: coupez le fichier.")
    with transaction.atomic():
        held = Place.objects.in_bulk(field_name="code")
        for number, row in enumerate(rows, 1):
            _load_one(row, number, held, done)
    return done


def _load_one(row: Mapping[str, Any], number: int, held: dict[str, Place], done: Loaded) -> None:
    """Write one row. `held` has the places already there, by code; a new one is added to it."""
    known = held.get(str(row.get("id") or "")[:120])
    if known is not None and known.edited_at:
        done.left += 1
        return
    place = known or Place()
    try:
        _fill(place, row)
        place.full_clean(validate_unique=False, validate_constraints=True)
    except (ValidationError, ValueError) as error:
        reason = "; ".join(error.messages) if isinstance(error, ValidationError) else str(error)
        done.refused.append(f"{number} ({str(row.get('nom', ''))[:60]})\u00a0: {reason}")
        return
    place.save()
    held[place.code] = place
    if known is None:
        done.added += 1
    else:
        done.refreshed += 1


def _fill(place: Place, row: Mapping[str, Any]) -> None:
    for theirs, ours in FIELDS.items():
        value = row.get(theirs)
        if ours in {"latitude", "longitude"} and value not in (None, ""):
            value = _degrees(value)
        default = None if ours in NULLABLE else ""
        setattr(place, ours, value if value not in (None, "") else default)
    place.step_free = place.step_free or StepFree.UNKNOWN
    networks = _words(row.get("reseaux_porteurs"))
    place.kind = next((code for code in networks if code in PlaceKind.values), PlaceKind.OTHER)
    place.languages = _words(row.get("langues"))
    if is_unstorable([str(text) for text in (*(getattr(place, ours) for ours in FIELDS.values()), *place.languages)]):
        raise ValueError("un texte a un caractère qui ne s’écrit pas.")


def _degrees(value: object) -> Decimal:
    try:
        return Decimal(str(value)).quantize(Decimal("0.000001"))
    except InvalidOperation:
        raise ValueError("la position n’est pas un nombre de degrés.") from None


def _words(value: object) -> list[str]:
    if isinstance(value, list):
        return [str(word) for word in value]
    return [word.strip() for word in str(value or "").split(",") if word.strip()]


def _rows(content: bytes) -> Iterable[Mapping[str, Any]]:
    if len(content) > MOST_BYTES:
        raise Unreadable("Le fichier dépasse 2\u00a0Mo\u00a0: coupez-le.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Unreadable("Le fichier n’est pas en UTF-8.") from None
    if text.lstrip()[:1] in {"[", "{"}:
        return _of_json(text)
    rows = csv.DictReader(io.StringIO(text), delimiter=";" if ";" in text.partition("\n")[0] else ",")
    if "nom" not in (rows.fieldnames or ()) or "id" not in (rows.fieldnames or ()):
        raise Unreadable("La première ligne doit nommer les colonnes, dont «\u00a0id\u00a0» et «\u00a0nom\u00a0».")
    return rows


def _of_json(text: str) -> list[Mapping[str, Any]]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):  # an endless number is no JSONDecodeError
        raise Unreadable("Le fichier n’est pas du JSON.") from None
    items = found.get("items") if isinstance(found, dict) else found
    if not isinstance(items, list) or not all(isinstance(one, dict) for one in items):
        raise Unreadable("Le fichier n’est pas une liste de lieux.")
    return items


def written(places: Iterable[Place]) -> list[dict[str, Any]]:
    """Return places in the shape of data·inclusion."""
    return [
        {theirs: _plain(getattr(place, ours)) for theirs, ours in FIELDS.items()}
        | {"reseaux_porteurs": [place.kind], "langues": place.languages}
        for place in places
    ]


def _plain(value: object) -> object:
    if value in ("", None):
        return None
    return value if isinstance(value, str) else str(value) if hasattr(value, "isoformat") else float(str(value))


def as_csv(places: Iterable[Place]) -> str:
    output = io.StringIO()
    writer = csv.DictWriter(output, HEADS)
    writer.writeheader()
    for row in written(places):
        flat = {name: ",".join(value) if isinstance(value, list) else value for name, value in row.items()}
        writer.writerow({name: _cell(value) for name, value in flat.items()})
    return output.getvalue()


def _cell(value: object) -> str:
    """Return a harmless cell. A telephone number such as “+33 5 36 49 00 01” runs nothing, and stays as it is."""
    if value is None:
        return ""
    return value if isinstance(value, str) and TELEPHONE.fullmatch(value) else harmless(value)
