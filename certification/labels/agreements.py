"""The agreement behind a purpose: made when a label is granted, kept in a row, frozen."""

from collections.abc import Mapping
from datetime import timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.utils.functional import lazy
from django.utils.translation import gettext, override

from certification.labels.enums import SERVICE_KIND
from certification.labels.models import Purpose, PurposeVersion, Service
from certification.labels.models.charter import in_language
from vault import types
from vault.records.enums import Mode
from vault.records.grants.agreements import Agreement, Item, PaperItem, WriteItem
from vault.records.models import PaperKind

#: What may be agreed on. The shortest is offered first, and none is preselected.
MONTHS = (1, 3, 6, 12)
LANGUAGES = ("fr", "en")


def frozen(purpose: Purpose, service: Service) -> dict[str, Any]:
    """Return the content of a `PurposeVersion`: everything that a resident would read, in both languages."""
    written = {"writes": [_written(code) for code in purpose.writes]} if purpose.writes else {}
    return written | {
        "title": _both(purpose.title, purpose.title_en),
        "text": _both(purpose.text, purpose.text_en),
        "service": service.name,
        "publisher": service.publisher.name,
        "mode": purpose.mode,
        "keep_days": purpose.keep_days,
        "at_most_every": int(purpose.at_most_every.total_seconds()) if purpose.at_most_every else None,
        "words": {language: _words(purpose, language) for language in LANGUAGES},
        "fields": [
            {
                "field": one.field,
                "label": {language: _field_label(one.field, language) for language in LANGUAGES},
                "required": one.required,
                "why": _both(one.why, one.why_en),
            }
            for one in purpose.fields.all()
        ],
        "papers": [
            {
                "kind": one.kind,
                "label": _both(*_paper_labels(one.kind)),
                "required": one.required,
                "why": _both(one.why, one.why_en),
            }
            for one in purpose.papers.all()
        ],
    }


def resolve(id: str) -> Agreement | None:
    """Return the agreement of a purpose's version by the id in its code, or None without such a row."""
    try:
        return _of(UUID(id))
    except (ValueError, PurposeVersion.DoesNotExist):
        return None


@lru_cache(maxsize=500)
def _of(version_id: UUID) -> Agreement:
    """Return the agreement of a row. Rows never change, so it may be kept.

    Raises:
        DoesNotExist
        Forged
    """
    row = PurposeVersion.objects.get(pk=version_id)
    return made(row.agreement, row.text)


def made(code: str, content: Mapping[str, Any]) -> Agreement:
    every = content["at_most_every"]
    return Agreement(
        code=code,
        version="1",
        title=_said(content["title"]),
        purpose=content["title"]["fr"],
        words=tuple(map(_said, _by_line(content["words"]))),
        items=tuple(
            Item(one["field"], _said(one["label"]), (one["field"],), one["required"], _said(one["why"]))
            for one in content["fields"]
        ),
        papers=tuple(
            PaperItem(one["kind"], _said(one["label"]), one["required"], _said(one["why"]))
            for one in content["papers"]
        ),
        writes=tuple(WriteItem(one["type"], _said(one["label"])) for one in content.get("writes", ())),
        modes=(Mode(content["mode"]),),
        months=MONTHS,
        renewable=False,
        keep_days=content["keep_days"],
        at_most_every=timedelta(seconds=every) if every else None,
        recipient_kind=SERVICE_KIND,
    )


def _words(purpose: Purpose, language: str) -> list[str]:
    with override(language):
        kept = (
            gettext("Il en garde une copie %(days)s jours au plus, puis l’efface.") % {"days": purpose.keep_days}
            if purpose.mode == Mode.KEEP
            else gettext("Il regarde ces valeurs et n’en garde pas de copie.")
        )
        return [
            purpose.text_en if language == "en" else purpose.text,
            kept,
            gettext("Refuser ne change rien à vos droits ni à vos démarches avec la ville."),
            gettext("Vous arrêtez quand vous voulez, dans « Mes partages » : la lecture suivante est refusée."),
        ]


def may_be_written() -> list[str]:
    """Return the types that a label may let a service write back: a vault may have several records of each.

    Of a type with one record, what a service declares would take the place of what the resident said.
    """
    return [one.code for one in types.all_types() if not one.rules.single and one.code != "calcul.resultat"]


def _written(type_code: str) -> dict[str, Any]:
    title = types.get(type_code)
    labels = {}
    for language in LANGUAGES:
        with override(language):
            labels[language] = str(title.title)
    return {"type": type_code, "label": labels}


def _both(french: str, english: str) -> dict[str, str]:
    return {"fr": french, "en": english or french}


def _field_label(field_id: str, language: str) -> str:
    with override(language):
        return str(types.field(field_id).label)


def _paper_labels(code: str) -> tuple[str, str]:
    kind = PaperKind.objects.get(code=code)
    with override("fr"):
        french = str(kind)
    with override("en"):
        return french, str(kind)


def _by_line(words: Mapping[str, list[str]]) -> list[dict[str, str]]:
    return [dict(zip(words, line, strict=True)) for line in zip(*words.values(), strict=True)]


def _in_language(texts: Mapping[str, str]) -> str:
    return in_language(texts["fr"], texts["en"])


#: Return the text of the reader's language when it is read.
_said = lazy(_in_language, str)
