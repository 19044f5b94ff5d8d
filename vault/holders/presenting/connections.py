"""Connections in words: their state, the outcome of each dataset, what to do about a problem."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.models.rows import Forged
from core.templatetags.civic import clock, long_date, short_date
from vault import types
from vault.holders import connectors
from vault.holders.connectors.faults import KINDS
from vault.holders.connectors.frame import Offer
from vault.holders.enums import ConnectionState
from vault.holders.models import Connection, Sender
from vault.records.content import holder_catalogue


@dataclass(frozen=True)
class Came:
    """The outcome of one dataset, as a row for `components/lines.html`."""

    label: str
    tag: str
    tag_kind: str
    text: str


def title(connection: Connection) -> str:
    return holder_catalogue.name(connection.holder)


def state(connection: Connection) -> tuple[str, str]:
    """Return the words and the kind of the tag."""
    if connection.state == ConnectionState.STOPPED:
        return _("Arrêtée"), "expired"
    if connection.over:
        return _("Terminée le %(day)s") % {"day": short_date(connection.expires_on)}, "expired"
    if connection.state == ConnectionState.ASKED:
        return (_("Code à donner") if connection.pairing else _("Il manque votre accord")), "soon"
    if connection.state == ConnectionState.PAUSED:
        return _("En pause"), "declared"
    if connection.problem and connection.problem != "not_found":
        return _("À regarder"), "soon"
    if connection.unattended and connection.ends_soon:
        return _("Se termine le %(day)s") % {"day": short_date(connection.expires_on)}, "soon"
    return _("Active"), "ok"


def last(connection: Connection) -> str:
    """Return the last reception, like “Dernière réception le 3 mars à 10 h 38.”"""
    if connection.last_success_at is None:
        return _("Rien reçu pour le moment.")
    return _("Dernière réception le %(day)s à %(hour)s.") % {
        "day": long_date(connection.last_success_at),
        "hour": clock(connection.last_success_at),
    }


def until(connection: Connection) -> str:
    if connection.state == ConnectionState.STOPPED:
        if is_pushed(connection):
            return _("Les envois sont refusés. Ce qui a été reçu reste dans votre coffre.")
        return _("Rien n’est plus demandé. Ce qui a été reçu reste dans votre coffre.")
    if connection.over:
        return _("Elle est terminée depuis le %(day)s : rien n’est plus demandé.") % {
            "day": long_date(connection.expires_on)
        }
    if is_pushed(connection):
        return _("%(rhythm)s, jusqu’au %(day)s.") % {
            "rhythm": rhythm(connection.holder),
            "day": long_date(connection.expires_on),
        }
    if connection.unattended:
        return _("Chaque mois, jusqu’au %(day)s.") % {"day": long_date(connection.expires_on)}
    return _("À votre demande seulement. Votre accord se termine le %(day)s.") % {
        "day": long_date(connection.expires_on)
    }


def is_pushed(connection: Connection) -> bool:
    return connection.connector == "push"


def rhythm(holder: str) -> str:
    """Return how often a holder sends; an empty text if the city does not let it send any more."""
    found = Sender.objects.filter(holder=holder, ended_at=None).first()
    return str(found.get_rhythm_display()) if found else ""


def accepted(connection: Connection) -> list[str]:
    """Return the titles of the types that a holder may send."""
    return [types.get(code).title for code in connection.datasets]


def waits(connection: Connection) -> str:
    """Return when an unfinished pull goes on; an empty text if it is not unfinished."""
    if not connection.unfinished or connection.next_pull_at is None:
        return ""
    return _("La suite sera demandée le %(day)s à partir de %(hour)s, sans rien faire.") % {
        "day": long_date(connection.next_pull_at),
        "hour": clock(connection.next_pull_at),
    }


def problem_of(connection: Connection) -> str:
    """Return the code of what the last pull met, or "".

    Raises:
        Forged: no pull meets such a problem.
    """
    if connection.problem and connection.problem not in KINDS:
        raise Forged(connection)
    return connection.problem


def what(code: str, offer: Offer) -> str:
    return _first(str(KINDS[code].what) % {"holder": offer.name})


def do(code: str) -> str:
    return str(KINDS[code].do)


def line(connection: Connection) -> dict[str, str]:
    """Return one row of the list."""
    tag, kind = state(connection)
    return {
        "label": title(connection),
        "text": f"{last(connection)} {until(connection)}",
        "tag": tag,
        "tag_kind": kind,
    }


def came(connection: Connection, outcomes: Mapping[str, Mapping[str, Any]]) -> list[Came]:
    found = connectors.of_holder(connection.holder)
    if found is None:
        return []
    datasets = [dataset for code in connection.datasets if (dataset := found.offer.dataset(code))]
    return [_came(str(dataset.label), outcomes.get(dataset.code), found.offer) for dataset in datasets]


def anything_came(outcomes: Mapping[str, Mapping[str, Any]]) -> bool:
    return any(outcome["code"] == "arrived" for outcome in outcomes.values())


def _came(label: str, outcome: Mapping[str, Any] | None, offer: Offer) -> Came:
    if outcome is None:
        return Came(label, _("Pas encore demandé"), "", _("La demande n’est pas encore arrivée jusqu’ici."))
    code = outcome["code"]
    if code == "arrived":
        return _arrived(label, outcome, offer)
    if code == "not_found":
        return Came(label, _("Aucun dossier"), "", f"{what(code, offer)} {do(code)}")
    return Came(label, _("Pas reçu"), "expired", f"{what(code, offer)} {do(code)}")


def _arrived(label: str, outcome: Mapping[str, Any], offer: Offer) -> Came:
    sentences = [_counted(outcome)]
    if outcome.get("masked"):
        sentences.append(_("Certains champs ne sont pas donnés à la ville : ils manquent, c’est prévu."))
    if outcome.get("stale"):
        sentences.append(_("Cette réponse date de plus de six mois : demandez à l’organisme si elle est à jour."))
    if then := outcome.get("then"):
        sentences.append(_("Puis : %(what)s") % {"what": str(KINDS[then].what) % {"holder": offer.name}})
        return Came(label, _("Reçu en partie"), "soon", " ".join([*sentences, do(then)]))
    return Came(label, _("Reçu"), "ok", " ".join(sentences))


def _counted(outcome: Mapping[str, Any]) -> str:
    if not outcome.get("news"):
        return _("Rien de nouveau : votre coffre l’avait déjà.")
    count = int(outcome["news"])
    return ngettext(
        "%(count)s donnée rangée dans votre coffre.", "%(count)s données rangées dans votre coffre.", count
    ) % {"count": count}


def _first(text: str) -> str:
    return text[:1].upper() + text[1:]


def in_order(connections: Sequence[Connection]) -> list[Connection]:
    """Sort connections: those that need an action first, then the active, then the ended."""
    ranks = {"soon": 0, "ok": 1, "declared": 1, "expired": 2}
    return sorted(connections, key=lambda one: ranks[state(one)[1]])
