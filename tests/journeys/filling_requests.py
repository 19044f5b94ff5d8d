"""Requests for the sweep of pages: those sent to an office, and those outside Garant."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4


def sent_requests(resident: Any, agent: Any) -> dict[str, Any]:
    """Send requests to the agent's office: one to correct, one to examine, one to decide, one refused."""
    from accounts.actions import places
    from accounts.models import Role
    from demo.people.accounts import name_long_ago
    from services.requests.actions import office as actions
    from services.requests.enums import Fault, Proposal
    from tests.services.requests.made import PAPER, fresh, member, opened_office, proposed, sent

    office = opened_office("Service Enfance de Villebrume")
    mine = places.add_to_office(agent=agent, organisation=office, instructs=True, may_decide=True, by=None)
    name_long_ago(agent, Role.OFFICE)
    other = member(office, "Idriss Vasseur")
    to_correct, to_examine, to_decide, refused = (sent(resident, office) for _ in range(4))
    for one in (to_correct, to_examine):
        actions.take(request=one, place=mine)
    correction = actions.ask_correction(
        request=fresh(to_correct),
        place=mine,
        line=PAPER,
        fault=Fault.OUTDATED,
        message="Une facture de moins de 3 mois suffit.",
    )
    proposed(to_decide, other)
    proposed(refused, other, Proposal.REFUSE, reason="Le quotient est au-dessus de 650 €.")
    actions.decide(request=fresh(refused), place=mine)
    return {
        "to_correct": to_correct.pk,
        "to_examine": to_examine.pk,
        "to_decide": to_decide.pk,
        "refused_request": refused.pk,
        "correction": correction.pk,
        "office_member": mine.pk,
        **outside_requests(resident),
        **watched(resident),
    }


def watched(resident: Any) -> dict[str, Any]:
    """Turn the watch on, which found three changes; the dossier of one is made, and waits for one yes."""
    from django.utils import timezone
    from django_scopes import scope

    from services.watch.actions import answering
    from services.watch.enums import Answer
    from services.watch.models import Watch
    from tests.services.requests.made import finished
    from tests.services.watch.made import a_finding, note_of

    found = a_finding(resident)
    stuck = a_finding(resident, "prime_activite", label="", amount="156.00", unit="mois")
    a_finding(resident, "rsa", kind="gone", label="", amount="300.00", unit="mois")
    answering.answer(finding=stuck, by=resident.pk, said=Answer.STUCK)
    finished(resident, token=UUID(note_of(found)["dossier"]))
    with scope(resident=resident.pk):
        # The portal's own worker leaves it as it is.
        Watch.objects.update(taken_until=timezone.now() + timedelta(days=1))
    return {"finding": found.pk, "stuck_finding": stuck.pk}


def outside_requests(resident: Any) -> dict[str, Any]:
    """Note two requests to the CAF: one whose time has passed, one that waits for a paper."""
    from django.utils import timezone

    from services.requests.actions.outside import note_sent, note_step
    from services.requests.enums import OutsideStep
    from tests.services.requests.made import finished

    today = timezone.localdate()
    late, stopped = (
        note_sent(
            resident_id=resident.pk,
            by=resident.pk,
            dossier=finished(resident, aids=["prime_activite"], title="Prime d’activité"),
            office="CAF de Villebrume",
            number=number,
            on=today - timedelta(days=80),
            token=uuid4(),
        )
        for number in ("0427781", "")
    )
    note_step(request=stopped, by=resident.pk, step=OutsideStep.ASKED, on=today - timedelta(days=9))
    return {"outside_late": late.pk, "outside_stopped": stopped.pk}
