from django_scopes import scopes_disabled

from core.models.rows import check
from vault.sharing.models import Link


def find(token_hash: str) -> Link | None:
    """Return the link whose URL has this token; its visitor does not know which resident made it."""
    with scopes_disabled():
        link = Link.objects.select_related("grant").filter(token_hash=token_hash).first()
    if link is not None:
        check(link, link.grant, locked=False)
    return link
