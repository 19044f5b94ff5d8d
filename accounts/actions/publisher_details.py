"""The name and number of a publisher, and whether it is open: two persons change them, and one may close it.

Each is a setting of its own, so that a page that proposes one does not put another back.
"""

from typing import Any, cast

from django.core.exceptions import ValidationError
from django.db.models import Field
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.actions.city_decisions import Over, Setting, Value
from accounts.models import Publisher

#: The code of the setting of each column.
CODES = {"name": "publisher_name", "siret": "publisher_siret", "is_active": "publisher_open"}
_NAMES = {
    "name": gettext_lazy("nom de l’éditeur « %(name)s »"),
    "siret": gettext_lazy("SIRET de l’éditeur « %(name)s »"),
    "is_active": gettext_lazy("ouverture de l’éditeur « %(name)s »"),
}


def _setting(column: str) -> Setting:
    def name(key: str) -> str | Promise:
        found = Publisher.objects.filter(pk=key).first()
        return str(_NAMES[column]) % {"name": found.name if found else key}

    def write(key: str, value: Value) -> None:
        found = Publisher.objects.select_for_update().get(pk=key)
        setattr(found, column, value)
        try:
            found.validate_unique()
        except ValidationError as error:
            raise Over from error  # another publisher has it since
        found.save(update_fields=[column])

    def clean(key: str, value: Value) -> None:
        cast("Field[Any, Any]", Publisher._meta.get_field(column)).clean(value, None)  # noqa: SLF001 - Django documents _meta
        found = Publisher.objects.get(pk=key)
        setattr(found, column, value)
        found.validate_unique()

    return Setting(
        name=name,
        read=lambda key: getattr(Publisher.objects.get(pk=key), column),
        write=write,
        protects=lambda value, now: column == "is_active" and not value,
        clean=clean,
        words=_said,
    )


def _said(value: Value) -> str:
    if isinstance(value, bool):
        return _("ouvert") if value else _("fermé")
    return str(value)


SETTINGS = {code: _setting(column) for column, code in CODES.items()}
