"""The title and the reason that a resident writes for a link, sealed.

They are no values of the vault: reading them writes no journal entry.
"""

from collections.abc import Sequence
from uuid import UUID

from django_scopes import scope

from core.keys import sealed
from vault.records.models import Grant
from vault.sharing.models import Link


def seal_words(link: Link, *, title: str, why: str) -> bytes:
    return sealed.seal_json({"title": title, "why": why}, resident_id=link.resident_id, place=link.place)


def written(grants: Sequence[Grant], box: sealed.Box) -> dict[UUID, tuple[str, str]]:
    """Return the title and the reason of each grant's link; all must belong to one resident. One query."""
    with scope(resident=grants[0].resident_id):
        links = list(Link.objects.filter(grant__in=grants))
    words = {link.grant_id: box.unseal_json(link.content, place=link.place) for link in links}
    return {grant_id: (found["title"], found["why"]) for grant_id, found in words.items()}
