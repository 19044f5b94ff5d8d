"""Look once a week at the official pages that local aids name, as the outgoing client allows."""

from datetime import timedelta
from typing import Final

from django.utils import timezone

from core.outgoing import Client, NoAnswer
from services.aids.models import LinkState, LocalAid

WEEK: Final = timedelta(days=7)
#: Pages of one run, so that it ends within two minutes even if none answers.
MOST: Final = 12
HOPS: Final = 4


def look_at_due(*, client: Client | None = None) -> list[LinkState]:
    """Look at the pages of aids in force that were not looked at for a week, those never looked at first.

    Idempotent; a task calls it. Addresses that no aid names any more are forgotten.
    """
    named = {aid.rules.get("link") for aid in LocalAid.objects.in_force()} - {None, ""}
    LinkState.objects.exclude(url__in=named).delete()
    seen, week_ago = dict(LinkState.objects.values_list("url", "seen_at")), timezone.now() - WEEK
    due = sorted(
        (url for url in named if url not in seen or seen[url] <= week_ago),
        key=lambda url: (url in seen, seen.get(url), url),
    )
    return [_look(url, client or Client()) for url in due[:MOST]]


def _look(url: str, client: Client) -> LinkState:
    try:
        status = client.get(url, hops=HOPS).status
        problem = str(status) if status >= 400 else ""
    except NoAnswer as refusal:
        problem = refusal.code
    found, _made = LinkState.objects.update_or_create(
        url=url, defaults={"seen_at": timezone.now(), "problem": problem[:40]}
    )
    return found
