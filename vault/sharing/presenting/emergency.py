"""Emergency accesses as rows, for the agents who ask and decide and for the resident."""

from collections.abc import Sequence
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.templatetags.civic import clock, long_date
from vault.records.grants.agreements import Item
from vault.records.wording import join_labels
from vault.sharing.agreements.entrusting import EMERGENCY_AGREEMENT, yours_to_theirs
from vault.sharing.enums import EmergencyState
from vault.sharing.models import EmergencyAccess

_TAGS = {EmergencyState.WAITING: "soon", EmergencyState.OPEN: "fresh"}


def items_of(access: EmergencyAccess) -> list[Item]:
    return [item for item in EMERGENCY_AGREEMENT.items if item.code in access.items]


def offered() -> list[tuple[str, str]]:
    return [(item.code, yours_to_theirs(item)) for item in EMERGENCY_AGREEMENT.items]


# For the resident


def own_lines() -> list[dict[str, str]]:
    """Return one row per access to the resident's vault. Requires their scope."""
    return [
        {
            "label": _("%(name)s, le %(day)s") % {"name": access.asked_by_name, "day": _moment(access.created_at)},
            "href": reverse("sharing:emergency", args=[access.pk]),
            "tag": str(access.state.label),
            "tag_kind": _TAGS.get(access.state, "expired"),
        }
        for access in EmergencyAccess.objects.select_related("grant")
    ]


def own_rows(access: EmergencyAccess, reason: str) -> list[dict[str, str]]:
    rows = [
        (_("Motif écrit par l’agent"), reason),
        (
            _("Demandé par"),
            _("%(name)s, le %(day)s") % {"name": access.asked_by_name, "day": _moment(access.created_at)},
        ),
        (_("Décidé par"), _decision(access)),
        (_("Quoi"), join_labels([str(item.label) for item in items_of(access)])),
        (_("Pendant combien de temps"), _length(access)),
        (_("État"), _state(access)),
    ]
    return [{"key": key, "value": value} for key, value in rows if value]


def _decision(access: EmergencyAccess) -> str:
    if access.decided_at is None:
        return _("Personne pour l’instant") if access.state == EmergencyState.WAITING else _("Personne")
    return _("%(name)s, le %(day)s") % {"name": access.decided_by_name, "day": _moment(access.decided_at)}


def _state(access: EmergencyAccess) -> str:
    if access.grant is not None and access.state == EmergencyState.OPEN:
        return _("Ouvert jusqu’à %(hour)s") % {"hour": clock(access.grant.ends_at)}
    return str(access.state.label)


# For the agents


def asked(accesses: Sequence[EmergencyAccess]) -> list[dict[str, str]]:
    return [_asked(access) for access in accesses]


def _asked(access: EmergencyAccess) -> dict[str, str]:
    row = {
        "label": _("Demande %(reference)s") % {"reference": access.reference},
        "text": _moment(access.created_at),
        "tag": _state(access),
        "tag_kind": _TAGS.get(access.state, "expired"),
    }
    if access.state == EmergencyState.OPEN:
        row["href"] = reverse("sharing:emergency_opened", args=[access.pk])
    return row


def waiting(accesses: Sequence[EmergencyAccess]) -> list[dict[str, str]]:
    return [
        {
            "label": _("Demande %(reference)s, de %(name)s")
            % {"reference": access.reference, "name": access.asked_by_name},
            "text": _("À décider avant %(hour)s") % {"hour": clock(access.expires_at)},
            "href": reverse("sharing:decide_emergency", args=[access.pk]),
            "tag": _("À décider"),
            "tag_kind": "soon",
        }
        for access in accesses
    ]


def decision_rows(access: EmergencyAccess, reason: str) -> list[dict[str, str]]:
    rows = [
        (_("Demandé par"), access.asked_by_name),
        (_("Motif"), reason),
        (_("Quoi"), join_labels([yours_to_theirs(item) for item in items_of(access)])),
        (_("Pendant combien de temps"), _length(access)),
    ]
    return [{"key": key, "value": value} for key, value in rows]


def may_see(access: EmergencyAccess) -> list[dict[str, str]]:
    return [
        {
            "label": yours_to_theirs(item),
            "action": _("Voir"),
            "action_href": reverse("sharing:emergency_values", args=[access.pk, item.code]),
        }
        for item in items_of(access)
    ]


def _length(access: EmergencyAccess) -> str:
    return ngettext("%(count)s minute", "%(count)s minutes", access.minutes) % {"count": access.minutes}


def _moment(at: datetime) -> str:
    return _("%(day)s à %(hour)s") % {"day": long_date(at), "hour": clock(at)}
