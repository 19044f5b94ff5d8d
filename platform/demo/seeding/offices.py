"""The town's office that receives requests: Agathe examines, Hugo decides. One request of a resident in each state.

Idempotent: a request that was sent once is left as its resident and its office have it since.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from time import monotonic, sleep
from uuid import NAMESPACE_URL, UUID, uuid5

from django.utils import timezone
from django_scopes import scope

from accounts.actions import places
from accounts.models import Membership, Organisation, Role
from core.journal import checkpoints
from demo.people.accounts import find, name_long_ago
from services.dossiers import tasks
from services.dossiers.actions import dossiers
from services.dossiers.enums import State
from services.dossiers.models import Dossier
from services.requests import across, lines
from services.requests.actions import office, sending
from services.requests.enums import Fault, Proposal
from services.requests.models import SentRequest

NAME = "Guichet unique de Villebrume"
EXAMINES, DECIDES = "agathe", "hugo"
MONTHS = 6
SECONDS = 60


class NotBuilt(Exception):
    """A dossier was not built within a minute."""


@dataclass(frozen=True)
class Sent:
    """A request, and how far its office went: a correction, or a decision.

    Args:
        given, reason: of the decision; both empty: none.
    """

    who: str
    aid: str
    correction: str = ""
    given: str = ""
    reason: str = ""


SENT = (
    Sent("paul", "ville_transport"),
    Sent("karim", "ville_transport", correction="Il est d’avant votre inscription. Il nous faut celui de ce mois."),
    Sent("elise", "ville_cantine", given="3,40 € le repas, pour Jade, Tom et Anouk"),
    Sent(
        "leo",
        "ville_transport",
        reason="Votre quotient familial est de 1 042 €. La règle demande 900 € au plus, ou d’être au chômage.",
    ),
)


def open_office() -> Organisation:
    """Open the office with its two agents."""
    found, _made = Organisation.objects.get_or_create(
        name=NAME,
        defaults={
            "address": "3 place du Lavoir, Villebrume",
            "phone": "01 99 00 12 40",
            "accompanies": False,
            "receives": True,
            "counter": True,
        },
    )
    for slug in (EXAMINES, DECIDES):
        person = find(slug)
        if person is not None:
            place = places.add_to_office(
                agent=person.account(),
                organisation=found,
                instructs=slug == EXAMINES,
                may_decide=slug == DECIDES,
                by=None,
            )
            if place.may_decide:
                name_long_ago(place.person, Role.OFFICE)
    return found


def receive(say: Callable[[str], None] = lambda line: None) -> None:
    """Send each request that its resident has not sent yet, and let the office act on it.

    Cost: about two seconds for each, to build its dossier.

    Raises:
        NotBuilt
    """
    found = open_office()
    if not checkpoints.anchored():
        say("requests: none, the journals have no checkpoint outside")
        return
    added = sum(_receive(one, found) for one in SENT)
    say(f"requests: {added} sent to {NAME}")


def _receive(one: Sent, found: Organisation) -> bool:
    person = find(one.who)
    if person is None:
        raise LookupError(one.who)
    resident_id, token = person.account().pk, uuid5(NAMESPACE_URL, f"https://villebrume.example/demandes/{one.who}")
    with scope(resident=resident_id):
        if SentRequest.objects.filter(token=token).exists():
            return False
    dossier = _built(resident_id, one.aid, token)
    seen = lines.fingerprint(lines.of_dossier(dossier))
    sent = sending.send(
        resident_id=resident_id,
        by=resident_id,
        dossier=dossier,
        organisation_id=found.pk,
        months=MONTHS,
        token=token,
        seen=seen,
    )
    _examine(one, sent)
    return True


def _examine(one: Sent, sent: SentRequest) -> None:
    if not (one.correction or one.given or one.reason):
        return
    hers, his = _place(EXAMINES), _place(DECIDES)
    office.take(request=_fresh(sent), place=hers)
    opened = office.open_request(request=_fresh(sent), place=hers)
    if one.correction:
        line = next(line for line in opened.content.lines if line.sort == lines.VALUE)
        office.ask_correction(
            request=_fresh(sent), place=hers, line=line.code, fault=Fault.OUTDATED, message=one.correction
        )
        return
    today = timezone.localdate()
    office.propose(
        request=_fresh(sent),
        place=hers,
        proposal=Proposal.GRANT if one.given else Proposal.REFUSE,
        reason=one.reason,
        given=one.given,
        starts_on=today if one.given else None,
        ends_on=_end_of_school(today) if one.given else None,
    )
    office.decide(request=_fresh(sent), place=his)


def _built(resident_id: UUID, aid: str, token: UUID) -> Dossier:
    """Return the finished dossier. This process builds it, unless a worker takes its job first.

    Raises:
        NotBuilt
    """
    dossier = dossiers.start(resident_id=resident_id, aids=[aid], token=token)
    if dossier.state != State.READY:
        tasks.build(str(dossiers.build(dossier=dossier, by=resident_id).pk))
    end = monotonic() + SECONDS
    while True:
        with scope(resident=resident_id):
            found = Dossier.objects.select_related("seal").get(pk=dossier.pk)
        if found.state == State.READY:
            return found
        if monotonic() > end:
            raise NotBuilt(aid)
        sleep(0.3)


def _place(slug: str) -> Membership:
    person = find(slug)
    found = places.of_office(person.account()) if person else None
    if found is None:
        raise LookupError(slug)
    return found


def _fresh(sent: SentRequest) -> SentRequest:
    found = across.one_of_office(sent.pk, sent.organisation_id)
    if found is None:
        raise LookupError(sent.number)
    return found


def _end_of_school(today: date) -> date:
    """Return the next 31 August that is more than thirty days away: no renewal is due at once."""
    this = date(today.year, 8, 31)
    return this if this - today > timedelta(days=30) else date(today.year + 1, 8, 31)
