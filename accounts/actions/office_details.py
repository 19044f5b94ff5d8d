"""Where residents call, write and go at an organisation or an office, whether it works and what it does: two persons
change it.
"""

from typing import Any

from django.utils.translation import gettext as _

from accounts.actions import places
from accounts.actions.city_decisions import Setting, labels_of
from accounts.models import Organisation

CODE = "organisation"
TICKS = ("accompanies", "receives", "counter", "answers_help", "is_active")
COLUMNS = ("name", "helps_with", "address", "phone", *TICKS)


def of(organisation: Organisation) -> dict[str, Any]:
    return {name: getattr(organisation, name) for name in COLUMNS}


def read(key: str) -> dict[str, Any]:
    return of(Organisation.objects.get(pk=key))


def write(key: str, value: dict[str, Any]) -> None:
    found = Organisation.objects.get(pk=key)
    with places.changing_office(found):
        for name in COLUMNS:
            setattr(found, name, value[name])
        found.save(update_fields=[*COLUMNS])


def protects(value: dict[str, Any], now: dict[str, Any]) -> bool:
    """Return True if the organisation is only closed, or a text is only taken away."""
    return all(value[name] == now[name] or not value[name] for name in COLUMNS)


def clean(key: str, value: dict[str, Any]) -> None:
    if {*value} != {*COLUMNS}:
        raise ValueError("not the details of an organisation")
    found = Organisation.objects.get(pk=key)
    for name in COLUMNS:
        setattr(found, name, value[name])
    found.full_clean(exclude=["mac"])


def name(key: str) -> str:
    found = Organisation.objects.filter(pk=key).first()
    return _("nom, adresse et téléphone de « %(name)s »") % {"name": found.name if found else key}


SETTING: Setting = Setting(
    name=name,
    read=read,
    write=write,
    protects=protects,
    clean=clean,
    labels=labels_of(Organisation, *COLUMNS),
    shows="is_active",
)
