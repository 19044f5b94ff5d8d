"""Where a resident's request of their data goes: a setting that two persons change."""

from django.core.validators import validate_email
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.actions.city_decisions import Setting, labels_of
from vault.records.models import Holder

CODE = "holder"
COLUMNS = ("email", "postal_address")


def of(holder: Holder) -> dict[str, str]:
    return {name: getattr(holder, name) for name in COLUMNS}


def read(code: str) -> dict[str, str]:
    """Return the addresses of a holder; empty ones if it is new."""
    return of(Holder.objects.filter(code=code).first() or Holder(code=code))


def write(code: str, value: dict[str, str]) -> None:
    """Write them, and mark the row as edited, so that loading the content again leaves it."""
    Holder.objects.filter(code=code).update(**value, edited_at=timezone.now())


def protects(value: dict[str, str], now: dict[str, str]) -> bool:
    """Return True if addresses are only taken away."""
    return all(value[name] in {"", now[name]} for name in COLUMNS)


def clean(code: str, value: dict[str, str]) -> None:
    if {*value} != {*COLUMNS} or not Holder.objects.filter(code=code).exists():
        raise ValueError("not the addresses of a holder")
    if value["email"]:
        validate_email(value["email"])


def name(code: str) -> str:
    holder = Holder.objects.filter(code=code).first()
    return _("adresses de « %(name)s » pour les demandes") % {"name": holder.name if holder else code}


SETTING: Setting = Setting(
    name=name, read=read, write=write, protects=protects, clean=clean, labels=labels_of(Holder, *COLUMNS)
)
