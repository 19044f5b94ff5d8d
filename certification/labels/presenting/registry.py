"""The register's labels and decisions, as its page, its JSON and its CSV say them. They name no person."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from certification.labels import across
from certification.labels.enums import LabelState
from certification.labels.models import CharterVersion, Criterion, Label
from certification.labels.models.charter import in_language
from certification.labels.presenting import wording
from core.journal import register
from core.models import RegisterEntry
from core.residents import more_than
from core.templatetags.civic import long_date

Row = dict[str, str]
TAGS = {
    LabelState.WAITING: "soon",
    LabelState.REPLACED: "expired",
    LabelState.ACTIVE: "fresh",
    LabelState.SUSPENDED: "soon",
    LabelState.WITHDRAWN: "expired",
    LabelState.RENOUNCED: "expired",
    LabelState.EXPIRED: "expired",
}
#: The sentence of each event of the register, and its tag.
EVENTS = {
    "label_granted": gettext_lazy("%(service)s : accordé."),
    "label_accepted": gettext_lazy(
        "%(service)s : l’éditeur a accepté la convention. Le service peut demander des données."
    ),
    "label_refused": gettext_lazy("%(service)s : demande refusée."),
    "label_suspended": gettext_lazy("%(service)s : suspendu. Le service ne lit plus rien."),
    "label_lifted": gettext_lazy("%(service)s : suspension levée."),
    "label_withdrawn": gettext_lazy("%(service)s : retiré. Le service ne lit plus rien."),
    "complaint_upheld": gettext_lazy("%(service)s : un signalement retenu."),
    "label_renounced": gettext_lazy("%(service)s : rendu par l’éditeur."),
}
#: Events of the register's page.
SHOWN = 30


def labels() -> list[Label]:
    """Return every label, newest first: one that has ended stays, because its absence would mean nothing."""
    return list(Label.objects.select_related("service__publisher"))


def tally(found: Sequence[Label]) -> str:
    """Return in one line how many labels are in each state, and how many requests were refused."""
    states = [one.state for one in found]
    said = [(str(state.label), states.count(state)) for state in LabelState]
    refused = register.believed(RegisterEntry.objects.filter(kind="label", event="label_refused"))
    said.append((_("Demandes refusées"), sum(1 for _entry in refused)))
    return ", ".join(_("%(what)s : %(count)s") % {"what": what, "count": count} for what, count in said if count)


def rows(found: Sequence[Label]) -> list[Row]:
    return [
        {
            "label": one.service.name,
            "text": _("Par %(publisher)s. %(number)s, %(until)s.")
            % {"publisher": one.service.publisher.name, "number": one.number, "until": until(one)},
            "href": reverse("labels:label", args=[one.number]),
            "tag": str(one.state.label),
            "tag_kind": TAGS[one.state],
        }
        for one in found
    ]


def until(label: Label) -> str:
    ended = label.withdrawn_at or label.renounced_at or label.replaced_at
    if ended:
        return _("jusqu’au %(day)s") % {"day": long_date(ended)}
    return _("valable jusqu’au %(day)s") % {"day": long_date(label.valid_until)}


def decisions(keeps: Callable[[RegisterEntry], bool] | None = None) -> list[RegisterEntry]:
    """Return the last decisions of the register, newest first. With `keeps`, older ones are looked at too."""
    found = RegisterEntry.objects.filter(kind="label", event__in=EVENTS).order_by("-number")
    return [*islice(filter(keeps, register.believed(found.iterator(chunk_size=SHOWN))), SHOWN)]


def history(label: Label) -> list[Row]:
    """Return the decisions about one service, newest first."""
    return [row_of(one) for one in reversed(register.of("label", label.service_id)) if one.event in EVENTS]


def row_of(entry: RegisterEntry) -> Row:
    reasons = " ".join(str(entry.content.get(name, "")) for name in ("reasons", "remedies")).strip()
    return {
        "label": str(EVENTS[entry.event]) % {"service": entry.content["service"]},
        "text": " ".join(filter(None, [f"{long_date(entry.at)}.", reasons])),
    }


def whole() -> dict[str, Any]:
    """Return the register, as its JSON and its signed form have it."""
    histories: dict[object, list[RegisterEntry]] = {}
    for entry in register.believed(RegisterEntry.objects.filter(kind="label").order_by("number")):
        histories.setdefault(entry.subject_id, []).append(entry)
    return {
        "at": timezone.now().isoformat(timespec="seconds"),
        "note": "A label that ends stays here, dated, with the reason. Absence never means removal.",
        "labels": [as_json(one, histories.get(one.service_id, [])) for one in labels()],
        "refused": [
            {"at": one.at.isoformat(), "entry": one.number, **one.content}
            for found in histories.values()
            for one in found
            if one.event == "label_refused"
        ],
    }


def as_json(label: Label, history: Sequence[RegisterEntry]) -> dict[str, Any]:
    """Return everything that is public about a label."""
    text = label.text
    return {
        "number": label.number,
        "state": label.state.value,
        "residents_more_than": more_than(across.residents_by_service().get(label.service_id, 0)),
        "valid_from": label.valid_from.isoformat(),
        "valid_until": label.valid_until.isoformat(),
        "sha256": label.sha256,
        "snapshot": text,
        "history": [
            {
                "at": one.at.isoformat(),
                "event": one.event,
                "entry": one.number,
                "reasons": one.content.get("reasons", ""),
            }
            for one in history
        ],
    }


def residents(label: Label) -> str:
    """Return how many residents show something to the service of a label, in words."""
    if label.state != LabelState.ACTIVE:
        return _("Aucune lecture")
    count = more_than(across.residents_by_service().get(label.service_id, 0))
    if count is None:
        return _("Moins de 11 habitants lui montrent quelque chose")
    return _("Plus de %(count)s habitants lui montrent quelque chose") % {"count": count}


#: Columns of the CSV.
COLUMNS = (
    "number",
    "service",
    "publisher",
    "siret",
    "state",
    "valid_from",
    "valid_until",
    "hosting",
    "privacy_url",
    "data_contact",
    "charter",
    "asks",
)


def as_cells(label: Label) -> list[str]:
    text = label.text
    asks = [one["field"] for purpose in text["purposes"] for one in purpose["fields"]]
    asks += [one["kind"] for purpose in text["purposes"] for one in purpose["papers"]]
    return [
        label.number,
        text["service"]["name"],
        text["publisher"]["name"],
        text["publisher"]["siret"],
        label.state.value,
        label.valid_from.isoformat(),
        label.valid_until.isoformat(),
        text["hosting"],
        text["privacy_url"],
        text["data_contact"],
        str(text["charter"]["version"]),
        " ".join(asks),
    ]


def asked(label: Label, held: Mapping[str, str] | None = None) -> Iterator[dict[str, Any]]:
    """Yield each purpose of a label with the table of what it may ask.

    Args:
        held: the reader's values of today, by field; None for a reader without a vault.
    """
    last = _("Nécessaire ?") if held is None else _("Chez vous aujourd’hui")
    for purpose in label.text["purposes"]:
        yield {
            "title": _in(purpose["title"]),
            "text": _in(purpose["text"]),
            "heads": [{"label": _("Donnée")}, {"label": _("Pourquoi")}, {"label": last}],
            "rows": [*_asked_rows(purpose, held)],
            "keeping": keeping(purpose["keep_days"]),
        }


def _asked_rows(purpose: dict[str, Any], held: Mapping[str, str] | None) -> Iterator[list[str]]:
    lines = [(one, _in(one["why"])) for one in (*purpose["fields"], *purpose["papers"])]
    lines += [(one, _("Le service l’écrit dans le coffre")) for one in purpose.get("writes", ())]
    for one, why in lines:
        necessity = _("Nécessaire") if one.get("required") else _("Facultatif")
        if held is None:
            yield [_in(one["label"]), why, necessity]
        else:
            today = held.get(one["field"]) or _("Rien") if "field" in one else "–"
            yield [_in(one["label"]), f"{necessity}. {why}", today]


def names_asked(label: Label) -> str:
    """Return in one line what a service may ask, for the catalogue."""
    asks = [one for purpose in label.text["purposes"] for one in (*purpose["fields"], *purpose["papers"])]
    return ", ".join(dict.fromkeys(_in(one["label"]) for one in asks))


def facts(label: Label) -> list[Row]:
    text = label.text
    found = [
        (_("Éditeur"), f"{text['publisher']['name']}, SIRET {text['publisher']['siret']}"),
        (_("Prix"), text["service"]["price"]),
        (_("Hébergement"), text["hosting"]),
        (_("Sous-traitants"), ", ".join(text["subprocessors"])),
        (_("Contact pour les données"), text["data_contact"]),
        (_("Charte"), _("version %(number)s") % {"number": text["charter"]["version"]}),
        (str(wording.now().word), f"{label.number}, {until(label)}"),
        (_("Habitants"), residents(label)),
    ]
    return [{"key": key, "value": value} for key, value in found]


def keeping(days: int | None) -> str:
    """Return the sentence that says how long a service keeps what it reads."""
    if not days:
        return _("Il regarde ces valeurs et n’en garde pas de copie.")
    return ngettext("Il les garde %(count)s jour au plus.", "Il les garde %(count)s jours au plus.", days) % {
        "count": days
    }


def _in(texts: dict[str, str]) -> str:
    return in_language(texts["fr"], texts["en"])


def agreement(label: Label) -> list[str]:
    """Return the sentences that the publisher and the city accept with a label."""
    texts = label.text["agreement"]
    return [in_language(french, english) for french, english in zip(texts["fr"], texts["en"], strict=True)]


def criteria(charter: CharterVersion) -> list[dict[str, Any]]:
    """Return the requirements of a version, by chapter."""
    found: dict[str, list[dict[str, str]]] = {}
    for one in charter.criteria.all():
        proof = _("Preuve : %(proof)s.") % {"proof": one.proof_words}
        found.setdefault(str(one.get_group_display()), []).append(
            {
                "label": f"{one.code}. {one.words}",
                "text": proof,
                "tag": "" if one.blocking else _("Non bloquante"),
            }
        )
    order = [str(label) for label in Criterion.Group.labels if str(label) in found]
    return [{"title": title, "rows": found[title], "id": f"g{place}"} for place, title in enumerate(order)]
