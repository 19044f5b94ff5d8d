"""This app's part of the resident's home page: the last entries of the journal."""

from collections.abc import Iterator
from typing import cast
from uuid import UUID

from django.http import HttpRequest

from core import journal
from core.pages import home
from core.templatetags.civic import short_date
from vault.journal import sentences

LAST_ENTRIES = 3


def blocks(request: HttpRequest) -> Iterator[home.Part]:
    entries = journal.entries(resident_id=cast(UUID, request.user.pk), limit=LAST_ENTRIES)
    days = sentences.by_day(entries, reader=cast(UUID, request.user.pk))
    labels = [f"{short_date(day.day)}, {entry.at}. {entry.sentence}" for day in days for entry in day.lines]
    yield home.HomeBlock(
        home.Slot.ASIDE, "journal/home_journal.html", {"lines": [{"label": text} for text in labels]}, order=80
    )
