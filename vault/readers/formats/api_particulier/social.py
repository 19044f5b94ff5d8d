"""Benefits: whether a person receives them and since when. v2 has one word (`status`), later versions yes or no."""

from collections.abc import Callable, Mapping
from typing import Any

from vault.readers import sentences
from vault.readers.files import plain
from vault.readers.found import Found

Read = Callable[[Mapping[str, Any], Found], None]


def benefit(code: str) -> Read:
    """Return a reader of RSA, prime d'activité, AAH or ASF. The payer is not named: CAF stands for MSA too."""

    def read(data: Mapping[str, Any], found: Found) -> None:
        _keep(code, _receives(data), data, found)

    return read


def disabled_child(data: Mapping[str, Any], found: Found) -> None:
    """Keep AEEH, paid to the parent (`allocataire`) for the child (`ouvrant_droit`): their household receives it."""
    status = plain.text(data.get("status"))
    receives = {"allocataire": True, "ouvrant_droit": True, "non_beneficiaire": False}.get(status or "")
    _keep("aeeh", receives, data, found)
    if status == "ouvrant_droit":
        found.warn(sentences.FOR_THE_CHILD)


def health_cover(data: Mapping[str, Any], found: Found) -> None:
    status = plain.text(data.get("status")) or ""
    shares_cost = {
        "beneficiaire_avec_participation_financiere": True,
        "beneficiaire_sans_participation_financiere": False,
    }.get(status)
    payload = {
        "est_beneficiaire": _receives(data),
        "avec_participation": plain.yes_no(data.get("avec_participation"))
        if "avec_participation" in data
        else shares_cost,
        "date_debut_droit": plain.day(data.get("date_debut_droit", data.get("dateDebut"))),
        "date_fin_droit": plain.day(data.get("date_fin_droit", data.get("dateFin"))),
    }
    if payload["est_beneficiaire"] is not None:
        found.keep("sante.c2s", payload, holder="cpam")


def _keep(code: str, receives: bool | None, data: Mapping[str, Any], found: Found) -> None:
    if receives is None:
        return
    since = data.get("date_debut_droit", data.get("dateDebut"))
    payload = {
        "prestation": code,
        "est_beneficiaire": receives,
        "avec_majoration": plain.yes_no(data.get("avec_majoration", data.get("majoration"))),
        "date_debut_droit": plain.day(since),
    }
    partial = plain.day(since) is None and plain.partial_day(since) is not None
    found.keep("social.prestation", payload, holder="caf", quality=["partial_date"] if partial else [])
    if partial:
        found.warn(sentences.PARTIAL_DATE)


def _receives(data: Mapping[str, Any]) -> bool | None:
    if (receives := plain.yes_no(data.get("est_beneficiaire"))) is not None:
        return receives
    status = plain.text(data.get("status"))
    if status is None:
        return None
    return False if status.startswith("non_") else True if status.startswith("beneficiaire") else None
