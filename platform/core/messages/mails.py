"""E-mails. `<template>_message.txt` has the sentences; one layout renders them as plain text, another as an HTML page.

The HTML page loads no remote content. A mail server that hangs holds a page for `PATIENCE` seconds at most, and never
more than two pages of a process at once: the next ones learn at once that nothing can leave.
"""

import re
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import override

from core.models import City
from core.telemetry import counters

#: Languages of an e-mail sent without a request: French first, then English.
LANGUAGES = ("fr", "en")
FRENCH = ("fr",)
BETWEEN = "\n\n---\n\n"
#: Seconds.
PATIENCE = 5
QUEUES_FOR = 1
#: For so long after the server was too slow, one message at a time tries it.
SLOW_FOR = 30


class NotSent(OSError):
    """The mail server refused the message, or did not take it in time."""


def send(
    template: str,
    *,
    to: Sequence[str],
    said: Mapping[str, Any] | None = None,
    languages: Sequence[str] = LANGUAGES,
    counted: bool = True,
) -> None:
    """Send `<template>_subject.txt` and `<template>_message.txt` in each language. Does nothing without an address.

    Args:
        said: the templates' context.
        counted: False if no metric may count it, because that would tell how many residents chose something.

    Raises:
        NotSent
    """
    addresses = [address for address in to if address]
    if addresses:
        mail = write(template, to=addresses, said=said or {}, languages=languages)
        try:
            _post.hand_over(mail)
        except NotSent:
            if counted:
                counters.add("garant_mail_failures_total")
            raise
        if counted:
            counters.add("garant_mails_total")


class _Post:
    """Sends messages in threads of its own, so that who waits for them can stop waiting."""

    def __init__(self) -> None:
        self.threads = ThreadPoolExecutor(4, "mail")
        self.places, self.trial = threading.BoundedSemaphore(2), threading.BoundedSemaphore(1)
        self.slow_until = 0.0

    def hand_over(self, mail: EmailMultiAlternatives) -> None:
        is_slow = time.monotonic() < self.slow_until
        place = self.trial if is_slow else self.places
        if not place.acquire(timeout=0 if is_slow else QUEUES_FOR):
            raise NotSent
        try:
            self._send(mail)
        finally:
            place.release()

    def _send(self, mail: EmailMultiAlternatives) -> None:
        sending = self.threads.submit(mail.send)
        try:
            sending.result(PATIENCE)
        except TimeoutError:
            sending.cancel()
            self.slow_until = time.monotonic() + SLOW_FOR
            raise NotSent from None
        except OSError as error:
            raise NotSent from error
        self.slow_until = 0.0


_post = _Post()


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
