"""Requests that begin with what others wrote: a use case that comes with the software, or a label of another city.

Several cities use the same software. Its publisher, or another one, copies the sheet of its label from the register of
the first city (`labels.json`): the hosting, the purposes with their reasons, and the answers to the charter. All of it
is checked as if it was typed, and may be changed before it is sent.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models, transaction

from accounts.models import User
from certification.labels.actions import requests
from certification.labels.enums import Verdict
from certification.labels.models import Answer, LabelRequest, Purpose, PurposeField, PurposePaper, Service
from certification.labels.models.charter import in_language
from vault import types
from vault.records.models import PaperKind

FILE = Path(__file__).parents[1] / "content" / "templates.json"
#: Characters of a sheet.
LONGEST = 200_000


class Unreadable(ValueError):
    """The text is no sheet of a label."""


@dataclass(frozen=True)
class UseCase:
    code: str
    titles: Mapping[str, str]
    content: Mapping[str, Any]

    @property
    def title(self) -> str:
        return in_language(self.titles["fr"], self.titles["en"])


@cache
def use_cases() -> tuple[UseCase, ...]:
    items = json.loads(FILE.read_text(encoding="utf-8"))
    return tuple(UseCase(one["code"], one["title"], {"purposes": one["purposes"]}) for one in items)


def read_sheet(text: str) -> Mapping[str, Any]:
    """Return the content of a sheet: one label of a register's JSON, or the frozen text of one.

    Raises:
        Unreadable
    """
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise Unreadable from None
    if isinstance(found, dict) and isinstance(found.get("snapshot"), dict):
        found = found["snapshot"]
    if not isinstance(found, dict) or not isinstance(found.get("purposes"), list):
        raise Unreadable
    return found


def start(*, service: Service, by: User, content: Mapping[str, Any] | None) -> LabelRequest:
    """Start a request with a template, or empty; raises as `requests.start` and `fill`."""
    with transaction.atomic():
        request = requests.start(service=service, by=by)
        if content is not None:
            fill(request=request, by=by, content=content)
    return request


def fill(*, request: LabelRequest, by: User, content: Mapping[str, Any]) -> None:
    """Write into an empty draft what a template says. Data and papers that this city does not know are left out.

    Raises:
        PermissionDenied, NotNow: as `requests.describe`.
        Unreadable: a text has the wrong shape or is too long; nothing is written.
    """
    with requests.writing(request, by) as held, transaction.atomic():
        try:
            _describe(held, content)
            for purpose in content["purposes"]:
                _add_purpose(held, purpose)
            criteria = {one.code: one for one in held.charter.criteria.all()}
            for said in content.get("answers", []):
                if said["code"] in criteria:
                    verdict = Verdict(said["verdict"])
                    row = Answer(request=held, criterion=criteria[said["code"]], verdict=verdict)
                    row.text, row.proof_url = _text(said["text"]), _text(said.get("proof_url", ""))
                    _save(row)
        except (KeyError, TypeError, ValueError, OverflowError, AttributeError, ValidationError) as problem:
            raise Unreadable from problem


def _describe(held: LabelRequest, content: Mapping[str, Any]) -> None:
    """Write what is the software's. Contacts are each publisher's own."""
    subprocessors = content.get("subprocessors", "")
    held.hosting = _text(content.get("hosting", ""))
    held.subprocessors = "\n".join(subprocessors) if isinstance(subprocessors, list) else _text(subprocessors)
    mine = {"hosting", "subprocessors"}
    held.clean_fields(exclude={one.name for one in held._meta.fields} - mine)  # noqa: SLF001 - Django documents it
    held.save()


def _add_purpose(held: LabelRequest, said: Mapping[str, Any]) -> None:
    every = said.get("at_most_every")
    purpose = Purpose(
        request=held,
        title=_text(said["title"]["fr"]),
        title_en=_text(said["title"]["en"]),
        text=_text(said["text"]["fr"]),
        text_en=_text(said["text"]["en"]),
        mode=said["mode"],
        keep_days=said.get("keep_days"),
        at_most_every=timedelta(seconds=every) if every else None,
    )
    _save(purpose)
    kinds = PaperKind.objects.filter(withdrawn_at=None)
    for one in said.get("fields", []):
        if types.field_exists(one["field"]):
            _save(PurposeField(purpose=purpose, field=one["field"], **_reason(one)))
    for one in said.get("papers", []):
        if kinds.filter(code=one["kind"]).exists():
            _save(PurposePaper(purpose=purpose, kind=one["kind"], **_reason(one)))


def _reason(said: Mapping[str, Any]) -> dict[str, Any]:
    why = said["why"]
    return {"required": said.get("required") is True, "why": _text(why["fr"]), "why_en": _text(why["en"])}


def _text(value: object) -> str:
    """Return a text as it is; Django would make one of a number or a list.

    Raises:
        TypeError
    """
    if not isinstance(value, str):
        raise TypeError
    return value


def _save(row: models.Model) -> None:
    row.full_clean()
    row.save(force_insert=True)
