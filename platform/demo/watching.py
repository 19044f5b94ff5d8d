"""A resident of the demonstration has the watch: it looked once, then a value came, and it found what that changes."""

from collections.abc import Callable
from typing import Final

from django.utils import timezone
from django_scopes import scope

from accounts.models import User
from demo.people import find
from services.watch.actions import accepting
from services.watch.agreements import AGREEMENT
from services.watch.models import Watch
from vault.records.actions import Subject, add_record
from vault.types.spans import add_months

WHO: Final = "elise"
#: The value that came: her family quotient, which the vault did not have.
QUOTIENT: Final = 526


def turn_on(say: Callable[[str], None] = lambda line: None) -> None:
    """Turn the watch on and have it look, before and after the value. Once; the engine is loaded here."""
    person = find(WHO)
    account = person.account() if person else None
    if account is None:
        return
    with scope(resident=account.pk):
        if Watch.objects.exists():
            say("watch: on")
            return
    accepting.accept(resident_id=account.pk, by=account.pk, items=[item.code for item in AGREEMENT.items], shown={})
    from services.watch.actions import evaluating

    evaluating.look()
    _receive_quotient(account)
    with scope(resident=account.pk):
        Watch.objects.update(due_at=timezone.now())
    evaluating.look()
    with scope(resident=account.pk):
        found = Watch.objects.get().findings.count()
    say(f"watch: {found} changes found for {account.name}")


def _receive_quotient(account: User) -> None:
    month = add_months(timezone.localdate(), -1)
    payload = {"fournisseur": "CNAF", "valeur": QUOTIENT, "annee": month.year, "mois": month.month}
    subject = Subject(type="social.quotient_familial", person=account.pk, role="household")
    add_record(resident_id=account.pk, by=account.pk, subject=subject, payload=payload)
