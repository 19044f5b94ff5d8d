from django_scopes import scopes_disabled

from vault.records.models import Grant
from vault.sharing.models import SharedFact


def forget_facts(grant: Grant) -> None:
    """Delete the copies that a recipient holds, once the giver has stopped. Those that a parting left to their holder stay."""
    with scopes_disabled():
        SharedFact.objects.filter(grant_id=grant.pk, own=False).delete()
