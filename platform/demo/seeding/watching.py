"""A resident of the demonstration has the watch: it looked once, then wages came, and it found what they change."""

from collections.abc import Callable
from typing import Final

from django.utils import timezone
from django_scopes import scope

from accounts.models import User
from demo.people.accounts import find
from services.watch.actions import accepting
from services.watch.agreements import AGREEMENT
from services.watch.models import Watch
from vault.records.actions import Subject, add_record
from vault.types.spans import add_months

WHO: Final = "leo"
#: The wage of each of his last months, net: his employer cut his hours.
WAGE: Final = "300.00"
MONTHS: Final = 3


def turn_on(say: Callable[[str], None] = lambda line: None) -> None:
    """Turn the watch on and have it look, before and after the wages. Once; the engine is loaded here."""
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
    _receive_wages(account)
    with scope(resident=account.pk):
        Watch.objects.update(due_at=timezone.now())
    evaluating.look()
    with scope(resident=account.pk):
        found = Watch.objects.get().findings.count()
    say(f"watch: {found} changes found for {account.name}")


def _receive_wages(account: User) -> None:
    for ago in range(1, MONTHS + 1):
        month = add_months(timezone.localdate(), -ago).strftime("%Y-%m")
        figures = {"net_avant_impot": WAGE, "net_social": WAGE, "net_imposable": WAGE, "brut": "385.00"}
        subject = Subject(type="emploi.revenu", person=account.pk)
        payload = {"mois": month, **figures}
        add_record(resident_id=account.pk, by=account.pk, subject=subject, payload=payload, in_place=True)
