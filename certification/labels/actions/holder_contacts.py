"""Which holders are told when a service asks for their data: a setting that two persons change."""

from django.core.validators import validate_email
from django.utils.translation import gettext as _

from accounts.actions.city_decisions import Setting
from certification.labels.models import HolderContact
from vault.records.models import Holder

CODE = "holder_contact"


def _read(code: str) -> str:
    found = HolderContact.objects.filter(holder__code=code).first()
    return found.email if found else ""


def _write(code: str, value: str) -> None:
    HolderContact.objects.update_or_create(holder=Holder.objects.get(code=code), defaults={"email": value})


def _clean(code: str, value: str) -> None:
    if not Holder.objects.filter(code=code).exists():
        raise ValueError("no such holder")
    if value:
        validate_email(value)


def _name(code: str) -> str:
    holder = Holder.objects.filter(code=code).first()
    return _("adresse où « %(name)s » est prévenu d’un service") % {"name": holder.name if holder else code}


#: An address that is taken away tells a holder less: nobody is protected by it.
SETTING = Setting(name=_name, read=_read, write=_write, protects=lambda value, now: False, clean=_clean)
