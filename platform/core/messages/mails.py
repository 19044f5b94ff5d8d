"""E-mails. `<template>_message.txt` has the sentences; one layout renders them as plain text, another as an HTML page.

The HTML page loads no remote content.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import override

from core.models import City

#: Languages of an e-mail sent without a request: French first, then English.
LANGUAGES = ("fr", "en")
FRENCH = ("fr",)
BETWEEN = "\n\n---\n\n"


def send(
    template: str, *, to: Sequence[str], said: Mapping[str, Any] | None = None, languages: Sequence[str] = LANGUAGES
) -> None:
    """Send `<template>_subject.txt` and `<template>_message.txt` in each language. Does nothing without an address.

    Args:
        said: the templates' context.

    Raises:
        OSError, SMTPException: sending failed.
    """
    addresses = [address for address in to if address]
    if addresses:
        write(template, to=addresses, said=said or {}, languages=languages).send()


def write(
    template: str, *, to: Sequence[str], said: Mapping[str, Any], languages: Sequence[str]
) -> EmailMultiAlternatives:
    city = City.current()
    subjects, texts, parts = [], [], []
    for language in languages:
        with override(language):
            context = {**said, "city": city, "site_url": settings.SITE_URL}
            subject = " ".join(render_to_string(f"{template}_subject.txt", context).split())
            subjects.append(subject)
            texts.append(re.sub(r"\n{3,}", "\n\n", _render(template, context, "text.txt")).strip())
            parts.append(
                {
                    "language": language,
                    "subject": subject,
                    "label": city.label,
                    "words": _render(template, context, "words.html"),
                }
            )
    mail = EmailMultiAlternatives(subject=" / ".join(subjects), body=BETWEEN.join(texts) + "\n", to=list(to))
    mail.attach_alternative(
        render_to_string("mail/page.html", {"parts": parts, "city": city, "subject": mail.subject}), "text/html"
    )
    return mail


def _render(template: str, context: Mapping[str, Any], layout: str) -> SafeString:
    link = f"mail/link.{layout.rpartition('.')[2]}"
    return render_to_string(f"{template}_message.txt", {**context, "layout": f"mail/{layout}", "link": link})
