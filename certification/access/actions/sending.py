"""Which service sends what a holder knows: a setting that two persons choose, and one ends (`senders.end`).

A value that arrives says that the holder sent it, so the second person reads whose service would.
"""

from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from jwcrypto.common import JWException
from jwcrypto.jwk import JWK

from accounts.actions.city_decisions import Over, Setting
from certification.labels.models import Service
from vault import types
from vault.holders.actions import senders
from vault.holders.enums import Rhythm
from vault.records.models import Holder

#: The subject is the service.
CODE = "sender"
NOTHING = {"holder": "", "types": [], "rhythm": "", "public_key": "", "stays": False}


def _write(key: str, value: dict[str, Any]) -> None:
    try:
        senders.allow(
            holder=value["holder"],
            service_id=UUID(key),
            types_sent=value["types"],
            rhythm=Rhythm(value["rhythm"]),
            public_key=value["public_key"],
            stays=value["stays"],
        )
    except ValidationError as error:
        raise Over from error  # allowed since, by another decision


def _clean(key: str, value: dict[str, Any]) -> None:
    if {*value} != {*NOTHING} or value["rhythm"] not in Rhythm:
        raise ValueError("not what a holder sends")
    Service.objects.get(pk=key)
    senders.check(
        holder=value["holder"], service_id=UUID(key), types_sent=value["types"], public_key=value["public_key"]
    )


def _name(key: str) -> str:
    found = Service.objects.select_related("publisher").filter(pk=key).first()
    if found is None:
        return key
    return _("organisme au nom duquel « %(service)s », de %(publisher)s (SIRET %(siret)s), envoie") % {
        "service": found.name,
        "publisher": found.publisher.name,
        "siret": found.publisher.siret,
    }


def _words(value: dict[str, Any]) -> str:
    if not value["holder"]:
        return "–"
    holder = Holder.objects.filter(code=value["holder"]).first()
    titles = [one.title for one in types.all_types() if one.code in value["types"]]
    found = [holder.name if holder else value["holder"], *titles, str(Rhythm(value["rhythm"]).label)]
    if value["public_key"].strip():
        thumbprint = {"thumbprint": _thumbprint(value["public_key"])}
        found += [_("lots signés par la clé d’empreinte %(thumbprint)s") % thumbprint]
    found += [_("ne va à aucun service")] if value["stays"] else []
    return ", ".join(found)


def _thumbprint(public_key: str) -> str:
    """Return the thumbprint of a JWK (RFC 7638), which the second person asks the holder for by another way."""
    try:
        return str(JWK.from_json(public_key).thumbprint())
    except (JWException, ValueError, TypeError):
        return "?"


#: Nothing is sent before two persons chose it, and what is sent cannot be changed: it ends, for good.
SETTING = Setting(
    name=_name,
    read=lambda key: NOTHING,
    write=_write,
    protects=lambda value, now: False,
    clean=_clean,
    words=_words,
)
