"""The words of the documentation: steps, the reference made of the OpenAPI document, errors, fields, changes."""

from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from drf_spectacular.generators import SchemaGenerator

from certification.access import issuers
from certification.access.problems import MEANINGS
from certification.developers.actions import outbox, webhooks
from certification.developers.enums import EventType
from vault import types

SNIPPETS = Path(__file__).parents[1] / "content" / "snippets"
#: What a program does about a refusal, by its code.
TO_DO = {
    "invalid_client": gettext_lazy("Vérifiez l’identifiant et le secret du programme."),
    "invalid_dpop_proof": gettext_lazy("Faites une preuve pour chaque requête, avec la clé du jeton."),
    "invalid_token": gettext_lazy("Renouvelez le jeton une fois. Sinon, redemandez à l’habitant."),
    "insufficient_scope": gettext_lazy(
        "Demandez la portée de cette adresse : « vault », ou « lots » pour un organisme."
    ),
    "unknown_field": gettext_lazy("Corrigez l’identifiant du champ."),
    "unknown_event": gettext_lazy("Reprenez sans curseur."),
    "invalid_cursor": gettext_lazy("Redonnez le nombre reçu, ou zéro."),
    "not_found": gettext_lazy("Corrigez l’adresse."),
    "method_not_allowed": gettext_lazy("Appelez avec une méthode de l’en-tête Allow."),
    "malformed": gettext_lazy("Corrigez le paramètre ou le corps : le document OpenAPI les décrit."),
    "not_acceptable": gettext_lazy("Acceptez application/json."),
    "unsupported_media_type": gettext_lazy("Envoyez application/json."),
    "wrong_schema": gettext_lazy("Corrigez la valeur : le schéma du type la décrit. Rien n’a été écrit."),
    "may_not_send": gettext_lazy("Demandez à la ville : elle n’a pas autorisé ce service à envoyer."),
    "idempotency_key": gettext_lazy("Donnez à chaque lot un nom à vous dans Idempotency-Key."),
    "incomplete": gettext_lazy("Renvoyez le lot entier, sous le même nom : rien n’a été gardé."),
    "bad_signature": gettext_lazy("Signez le corps exact, avec la clé donnée à la ville."),
    "too_large": gettext_lazy("Partagez le lot en plusieurs."),
    "key_reused": gettext_lazy("Donnez un autre nom à un autre lot."),
    "unknown_code": gettext_lazy("Demandez à l’habitant un nouveau code."),
    "already_answered": gettext_lazy("Rien : la première réponse reste."),
    "too_many_requests": gettext_lazy("Attendez le temps de Retry-After."),
    "down": gettext_lazy("Réessayez plus tard : la panne est chez nous."),
    "stopped": gettext_lazy("L’habitant a arrêté l’accord, ou vous l’avez rendu. Effacez votre copie."),
    "over": gettext_lazy("L’accord est fini. Effacez, ou redemandez."),
    "paused": gettext_lazy("Attendez : l’habitant peut reprendre."),
    "to_come": gettext_lazy("Attendez le début de l’accord."),
    "not_covered": gettext_lazy("Ne lisez que ce qui est accordé."),
    "label": gettext_lazy("La ville ne le permet pas, ou plus."),
    "label_withdrawn": gettext_lazy("La ville a retiré son autorisation pour de bon. Effacez ce que vous avez lu."),
    "too_soon": gettext_lazy("Attendez le temps de Retry-After : l’accord limite les lectures."),
    "not_anchored": gettext_lazy("Réessayez plus tard : notre journal attend sa preuve."),
    "forged": gettext_lazy("Réessayez plus tard : nous vérifions une ligne."),
}
#: What each address does, by the operation's name in the OpenAPI document. Others keep the document's English.
SUMMARIES = {
    "fields": gettext_lazy("Lire les valeurs accordées"),
    "document": gettext_lazy("Lire un fichier d’un papier accordé"),
    "grant": gettext_lazy("Lire l’accord, sans aucune valeur"),
    "events": gettext_lazy("Suivre un accord"),
    "write_values": gettext_lazy("Écrire des valeurs que l’habitant a accepté de recevoir"),
    "give_back": gettext_lazy("Rendre l’accord : il s’arrête aussitôt"),
    "erasures": gettext_lazy("Voir ce que le service doit effacer"),
    "erasure": gettext_lazy("Voir une demande d’effacement et sa réponse"),
    "answer_erasure": gettext_lazy("Répondre à une demande d’effacement"),
    "pair": gettext_lazy("Échanger le code d’un habitant contre le nom que vous utiliserez"),
    "send_lot": gettext_lazy("Envoyer un lot de données, une par ligne"),
    "lot": gettext_lazy("Voir ce qu’un lot est devenu"),
    "program_events": gettext_lazy("Lire les événements du service, sur sept jours"),
}
#: Newest first.
CHANGES = [
    (
        date(2026, 12, 2),
        gettext_lazy(
            "Quand la ville retire son autorisation, un événement et un code le disent, les accords se terminent et "
            "l’effacement est demandé."
        ),
    ),
    (
        date(2026, 12, 2),
        gettext_lazy(
            "Une demande de données sensibles doit être déposée d’abord (PAR). Clés publiques (private_key_jwt), "
            "jetons liés à une clé (DPoP)."
        ),
    ),
    (
        date(2026, 11, 28),
        gettext_lazy(
            "Quatre épreuves de plus, secret d’un webhook remplacé sans arrêt, données d’habitants inventés."
        ),
    ),
    (
        date(2026, 11, 28),
        gettext_lazy(
            "Bac à sable, deux secrets par programme, webhooks, événements par curseur ; lots des organismes."
        ),
    ),
    (date(2026, 11, 27), gettext_lazy("Première version : valeurs, papiers, accord, OpenID.")),
]


def snippet(name: str) -> str:
    return (SNIPPETS / f"{name}.txt").read_text(encoding="utf-8")


def programs() -> list[dict[str, str]]:
    """Return the complete programs, by language."""
    return [
        {"label": _("Un programme complet en Python"), "text": snippet("program")},
        {"label": _("Un programme complet en Node"), "text": snippet("program_node")},
    ]


def pages() -> list[dict[str, str]]:
    """Return the pages of the documentation, as lines."""
    found = [
        ("reference", _("Adresses de l’API"), _("Ce que chacune rend")),
        ("fields", _("Champs"), _("Ce qu’un service peut demander")),
        ("errors", _("Refus"), _("Chaque code, et que faire")),
        ("webhook_documentation", _("Webhooks"), _("Être prévenu, vérifier, rattraper")),
        ("changes", _("Changements de l’API"), ""),
        ("status", _("État du service"), ""),
    ]
    return [{"label": label, "text": text, "href": reverse(f"developers:{name}")} for name, label, text in found]


def servers() -> list[dict[str, str]]:
    return [
        {"key": _("Bac à sable"), "value": issuers.SANDBOX.url},
        {"key": _("Réel"), "value": issuers.LIVE.url},
    ]


def reference() -> list[dict[str, Any]]:
    """Return each address of the API, as the OpenAPI document describes it, in the order of `SUMMARIES`."""
    found = [
        {
            "id": operation["operationId"],
            "method": method.upper(),
            "path": path,
            "summary": SUMMARIES.get(operation["operationId"], operation.get("summary", "")),
            "parameters": [[one["name"], one["in"], one.get("description", "")] for one in _parameters(operation)],
            "statuses": ", ".join(sorted(operation["responses"])),
            "shape": _shape(operation),
        }
        for path, methods in _document()["paths"].items()
        for method, operation in methods.items()
    ]
    order = [*SUMMARIES]
    return sorted(found, key=lambda one: order.index(one["id"]) if one["id"] in order else len(order))


def errors() -> list[list[str]]:
    return [
        [code, str(status), str(TO_DO.get(code, meaning))]
        for code, (status, meaning) in sorted(MEANINGS.items(), key=lambda one: one[1][0])
    ]


def data_types() -> list[dict[str, str]]:
    """Return the types, by theme, as lines that lead to their fields."""
    return [
        {
            "label": one.title,
            "text": ngettext("%(code)s, %(count)s champ", "%(code)s, %(count)s champs", len(one.fields))
            % {"code": one.code, "count": len(one.fields)},
            "href": f"?type={one.code}",
        }
        for one in types.all_types()
    ]


def fields(code: str) -> list[list[str]]:
    return [[info.id, info.label, info.kind, types.unit_label(info.unit)] for info in types.get(code).fields.values()]


def events() -> list[list[str]]:
    return [[one.value, str(one.label)] for one in EventType]


def retries() -> list[str]:
    """Return the pauses between the tries of a delivery."""
    return [_pause(int(one.total_seconds())) for one in webhooks.PAUSES]


def days_kept() -> int:
    return outbox.KEPT.days


def changes() -> list[dict[str, str]]:
    return [{"label": date_format(day, "j F Y"), "text": str(text)} for day, text in CHANGES]


def _pause(seconds: int) -> str:
    if seconds < 60:
        return _("%(count)s s") % {"count": seconds}
    if seconds < 3_600:
        return _("%(count)s min") % {"count": seconds // 60}
    return _("%(count)s h") % {"count": seconds // 3_600}


@cache
def _document() -> Mapping[str, Any]:
    """Return the OpenAPI document. It changes with the code alone."""
    make: Any = SchemaGenerator
    found: Mapping[str, Any] = make().get_schema(request=None, public=True)
    return found


def _parameters(operation: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = operation.get("parameters", [])
    return found


def _shape(operation: Mapping[str, Any]) -> list[list[str]]:
    """Return the fields of the answer, with their types and what they are."""
    responses = operation["responses"]
    content = responses.get("200", responses.get("202", {})).get("content", {})
    reference = content.get("application/json", {}).get("schema", {}).get("$ref", "")
    return _rows(reference.rpartition("/")[2]) if reference else []


def _rows(name: str, before: str = "") -> list[list[str]]:
    rows: list[list[str]] = []
    for field, schema in _document()["components"]["schemas"][name].get("properties", {}).items():
        inner = schema.get("items", schema)
        kind = schema.get("type") or inner.get("type") or "object"
        path = f"{before}{field}" + ("[]" if schema.get("type") == "array" else "")
        said = ", ".join(kind) if isinstance(kind, list) else kind
        rows.append([path, schema.get("format", said), schema.get("description", "")])
        if reference := inner.get("$ref") or next(
            (one["$ref"] for one in inner.get("allOf", []) if "$ref" in one), ""
        ):
            rows += _rows(reference.rpartition("/")[2], f"{path}.")
    return rows
