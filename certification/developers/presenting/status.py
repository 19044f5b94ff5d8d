"""The status page: parts that answer, the time when labels were last looked at, and rounded figures of a day."""

from datetime import timedelta
from statistics import median
from typing import Any

from django.core.cache import cache
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from certification.access.enums import Environment
from certification.developers.models import Call
from certification.labels.models import CheckRun
from core.operations import health

#: Seconds. A page that anybody may ask for must not ask each part each time.
KEPT = 60
#: Figures are of so many calls at least, and rounded: they tell of no one service.
AT_LEAST = 100
NAMES = {
    "database": gettext_lazy("Base de données"),
    "keys": gettext_lazy("Clés"),
    "storage": gettext_lazy("Fichiers"),
    "antivirus": gettext_lazy("Antivirus"),
    "confinement": gettext_lazy("Lecture des fichiers"),
}


def parts() -> tuple[bool, list[dict[str, Any]]]:
    """Return whether all parts answer, and each of them as a line."""
    down: list[str] = _status()["down"]
    lines = [
        {
            "label": str(label),
            "tag": _("En panne") if name in down else _("Répond"),
            "tag_kind": "expired" if name in down else "ok",
        }
        for name, label in NAMES.items()
    ]
    late = [name for name in down if name not in NAMES]
    lines.append(
        {
            "label": _("Travaux et webhooks"),
            "tag": _("En retard") if late else _("Répond"),
            "tag_kind": "soon" if late else "ok",
        }
    )
    return not down, lines


def figures() -> list[dict[str, str]]:
    status = _status()
    rows = [{"key": _("Derniers contrôles des services"), "value": _age(status["checked_hours"])}]
    if status["calls"] is not None:
        rows += [
            {"key": _("Appels en 24 heures"), "value": _("environ %(count)s") % {"count": status["calls"]}},
            {"key": _("Durée médiane"), "value": _("environ %(count)s ms") % {"count": status["milliseconds"]}},
            {"key": _("Pannes"), "value": _("environ %(count)s %%") % {"count": status["broken"]}},
        ]
    return rows


def _status() -> dict[str, Any]:
    found: dict[str, Any] = cache.get_or_set("developers_status", _measure, KEPT) or _measure()
    return found


def _measure() -> dict[str, Any]:
    now = timezone.now()
    last = CheckRun.objects.filter(finished_at__isnull=False).order_by("-finished_at").first()
    checked = last.finished_at if last else None
    live = Call.objects.filter(at__gt=now - timedelta(days=1), client__environment=Environment.LIVE)
    count = live.count()
    measured: dict[str, Any] = {
        "down": health.parts_down(),
        "checked_hours": int((now - checked).total_seconds() // 3_600) if checked else None,
        "calls": None,
    }
    if count >= AT_LEAST:
        durations = list(live.order_by("-at").values_list("milliseconds", flat=True)[:1_000])
        broken = live.filter(status__gte=500).count()
        measured |= {
            "calls": count // AT_LEAST * AT_LEAST,
            "milliseconds": max(10, round(median(durations), -1)),
            "broken": round(100 * broken / count),
        }
    return measured


def _age(hours: int | None) -> str:
    if hours is None:
        return _("Aucun encore")
    if hours < 1:
        return _("Il y a moins d’une heure")
    if hours < 48:
        return ngettext("Il y a %(count)s heure", "Il y a %(count)s heures", hours) % {"count": hours}
    return _("Il y a %(count)s jours") % {"count": hours // 24}
