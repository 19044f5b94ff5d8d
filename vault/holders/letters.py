"""The letters of a data request, always in French: a holder may refuse another language.

The templates are in `vault/holders/content/request_letters.json`. Text between brackets is left out if one of its
parts is missing, so that a letter can be sent without what its resident does not know.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from django.utils.translation import get_language, override

from core.pdf import apart
from core.templatetags.civic import long_date
from vault.holders.enums import RequestAnswer
from vault.holders.models import DataRequest
from vault.records.enums import Right
from vault.records.models import Holder

CONTENT = Path(__file__).parent / "content" / "request_letters.json"
#: How many days a reminder leaves before a complaint. The law sets no number.
REMINDER_DAYS = 15
#: Browsers and mail programs silently cut a longer URL.
LONGEST_LINK = 1900
_OPTIONAL = re.compile(r"\[([^\[\]]*)\]")
_PART = re.compile(r"\{(\w+)\}")
_ARTICLES = {Right.ACCESS: "15", Right.PORTABILITY: "20"}
_AIMS = {
    Right.ACCESS: "demander l’accès à mes données",
    Right.PORTABILITY: "récupérer mes données dans un format réutilisable",
}
_RIGHTS = {Right.ACCESS: "d’accès", Right.PORTABILITY: "à la portabilité"}
_FINDINGS = {
    "": "je n’ai reçu aucune réponse",
    RequestAnswer.PARTIAL: "je n’ai reçu qu’une partie de mes données",
    RequestAnswer.REFUSED: "l’organisme a refusé de répondre à ma demande",
    RequestAnswer.WHOLE: "l’organisme a répondu",
}
#: Machine-readable formats, which a portability request may ask for.
_REUSABLE = ("csv", "xlsx", "json", "ofx", "xml")


@dataclass(frozen=True)
class Parts:
    """The parts of a letter, as the resident filled them in. Only the name is required."""

    name: str
    address: str = ""
    email: str = ""
    reference: str = ""
    wanted: str = ""
    since: str = ""
    until: str = ""
    organisation: str = ""
    recipient_address: str = ""
    recipient_email: str = ""

    @classmethod
    def read(cls, kept: Mapping[str, Any]) -> "Parts":
        return cls(**{name: str(kept.get(name, "")) for name in cls.__dataclass_fields__})


@dataclass(frozen=True)
class Letter:
    """A letter in French. `attach` lists what to enclose, in the reader's language."""

    code: str
    title: str
    subject: str
    body: str
    day: str
    parts: Parts
    attach: Sequence[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The text for an e-mail or a web form."""
        signature = "\n".join(filter(None, [self.parts.name, self.parts.address, f"Le {self.day}"]))
        return f"{self.body}\n{signature}\n"

    @property
    def signed(self) -> str:
        return self.parts.name

    @property
    def mail_link(self) -> str:
        """A mailto URL for the resident's own mail program; empty if the text is too long for a URL."""
        link = f"mailto:{quote(self.parts.recipient_email)}?subject={quote(self.subject)}&body={quote(self.text)}"
        return link if len(link) <= LONGEST_LINK else ""

    @property
    def sender(self) -> list[str]:
        return [self.parts.name, *self.parts.address.splitlines()]

    @property
    def recipient(self) -> list[str]:
        if self.code == "complaint":
            return ["CNIL", "Service des plaintes"]
        return [self.parts.organisation, *self.parts.recipient_address.splitlines()]

    def kept(self) -> dict[str, str]:
        """Return the content to seal once the letter is sent."""
        return {"code": self.code, "subject": self.subject, "body": self.body, "day": self.day}


def request_letter(request: DataRequest, holder: Holder | None, content: Mapping[str, Any], today: date) -> Letter:
    """Return the letter as it was sent; a draft bears today's date."""
    parts = Parts.read(content["parts"])
    if sent := content.get("sent"):
        return Letter(sent["code"], _title(sent["code"]), sent["subject"], sent["body"], sent["day"], parts)
    return _letter(request.right, parts, {"formats": _formats(request.right, holder)}, today)


def reminder(request: DataRequest, content: Mapping[str, Any], today: date) -> Letter:
    extended = request.extended_on is not None
    delay = (
        "Le délai de trois mois, prolongation comprise, de l’article 12 du RGPD"
        if extended
        else "Le délai d’un mois de l’article 12 du RGPD"
    )
    return _letter(
        "reminder",
        Parts.read(content["parts"]),
        {**_facts(request), "delay": delay, "days": str(REMINDER_DAYS)},
        today,
    )


def complaint(request: DataRequest, content: Mapping[str, Any], today: date) -> Letter:
    late = request.is_late(today)
    facts = {
        **_facts(request),
        "article": _ARTICLES[Right(request.right)],
        "right": _RIGHTS[Right(request.right)],
        "finding": _FINDINGS[request.answer],
        "passed_on": _day(request.due_on) if late else "",
        "reminded_on": _day(request.reminded_on),
    }
    return _letter("complaint", Parts.read(content["parts"]), facts, today)


def pdf(letter: Letter) -> bytes:
    """Draw the letter; raises as `apart.draw_letter`."""
    return apart.draw_letter("holders/pdf/letter.html", letter)


def fill(text: str, parts: Mapping[str, str]) -> str:
    """Fill a template. The values that a resident typed are inserted last and never read as a template."""
    kept = _OPTIONAL.sub(
        lambda found: found[1] if all(parts.get(name) for name in _PART.findall(found[1])) else "", text
    )
    return _PART.sub(lambda found: parts.get(found[1], ""), kept)


def _letter(code: str, parts: Parts, facts: Mapping[str, str], today: date) -> Letter:
    shipped = _shipped()[code]
    given = {**vars(parts), **facts}
    for name in ("since", "until"):
        given[name] = _day(date.fromisoformat(given[name])) if given[name] else ""
    given["recipient_address"] = ", ".join(parts.recipient_address.splitlines())
    language = "en" if get_language() == "en" else "fr"
    attach = [words[language] for words in shipped["attach"]]
    return Letter(
        code, _title(code), fill(shipped["subject"], given), fill(shipped["body"], given), _day(today), parts, attach
    )


def _facts(request: DataRequest) -> dict[str, str]:
    return {"sent_on": _day(request.sent_on), "due_on": _day(request.due_on), "aim": _AIMS[Right(request.right)]}


def _formats(right: str, holder: Holder | None) -> str:
    offered = {name for download in (holder.downloads if holder else []) for name in download["formats"]}
    reusable = [name.upper() for name in _REUSABLE if name in offered] or ["CSV", "JSON"]
    names = reusable if right == Right.PORTABILITY else ["PDF", *reusable]
    return f"{', '.join(names[:-1])} ou {names[-1]}" if len(names) > 1 else names[0]


def _day(day: date | None) -> str:
    with override("fr"):
        return long_date(day) if day else ""


def _title(code: str) -> str:
    return str(_shipped()[code]["title"]["en" if get_language() == "en" else "fr"])


@cache
def _shipped() -> dict[str, dict[str, Any]]:
    items = json.loads(CONTENT.read_text(encoding="utf-8"))["items"]
    return {item["code"]: item for item in items}
