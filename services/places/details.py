"""Where residents go and call, what a place is and is shown as, and whether it is: two persons change it."""

from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.actions.city_decisions import Setting, labels_of
from services.places.enums import PlaceKind, StepFree
from services.places.models import Place

CODE = "place"
FILE = "places_file"
COLUMNS = (
    *("name", "organisation", "street", "more", "postal_code", "town", "insee", "latitude", "longitude"),
    *("phone", "email", "website", "hours", "note", "note_en", "access_url", "source_url"),
    *("kind", "step_free", "source", "languages"),
)


def of(place: Place) -> dict[str, Any]:
    """Return the columns, and whether the place is shown."""
    values = {name: getattr(place, name) for name in COLUMNS}
    said = {name: _said(value) if isinstance(value, Decimal) else value for name, value in values.items()}
    return said | {"shown": place.withdrawn_at is None}


def _said(number: Decimal) -> str:
    """Return the number without the zeros at its end, which the database adds."""
    return format(number.normalize(), "f")


def read(key: str) -> dict[str, Any]:
    return of(Place.objects.get(pk=key))


def write(key: str, value: dict[str, Any]) -> None:
    """Write them, and mark the row as edited, so that a file leaves it."""
    found, now = Place.objects.get(pk=key), timezone.now()
    _fill(found, value)
    found.withdrawn_at = None if value["shown"] else found.withdrawn_at or now
    found.edited_at = now
    found.save()


def protects(value: dict[str, Any], now: dict[str, Any]) -> bool:
    """Return True if the place is only withdrawn, or something is only taken away."""
    return all(value[name] == now[name] or not value[name] for name in now)


def clean(key: str, value: dict[str, Any]) -> None:
    if {*value} != {*COLUMNS, "shown"}:
        raise ValueError("not the details of a place")
    found = Place.objects.get(pk=key)
    _fill(found, value)
    found.full_clean(exclude=["mac"])


def name(key: str) -> str:
    found = Place.objects.filter(pk=key).first()
    return _("lieu « %(name)s »") % {"name": found.name if found else key}


def _fill(place: Place, value: dict[str, Any]) -> None:
    for column in COLUMNS:
        is_number = column in {"latitude", "longitude"} and value[column] is not None
        setattr(place, column, Decimal(value[column]) if is_number else value[column])


SETTING: Setting = Setting(
    name=name,
    read=read,
    write=write,
    protects=protects,
    clean=clean,
    labels=labels_of(Place, *COLUMNS) | {"shown": gettext_lazy("montré")},
    says={
        "kind": lambda value: str(PlaceKind(value).label),
        "step_free": lambda value: str(StepFree(value).label),
    },
    shows="shown",
)
#: A file is loaded by one person who governs, and who governs is told: its decision has numbers only.
LOADED: Setting = Setting(
    name=lambda key: _("lieux d’un fichier"),
    read=lambda key: None,
    write=lambda key, value: None,
    protects=lambda value, now: True,
)
