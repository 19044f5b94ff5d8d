"""Proven identities: they tell that two accounts are one person, without saying who that is."""

import hmac
import time
from collections.abc import Mapping
from datetime import date, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_noop
from django_scopes import scope

from accounts.actions.identities import linked
from accounts.http import SignedInRequest
from accounts.models import User
from accounts.sign_in import pivot
from accounts.two_persons import ACTS
from campaigns.debates.enums import Means
from campaigns.debates.models import IdentityCheck, ProvenIdentity
from core import journal
from core.models.rows import check
from core.rows import city_key
from vault.records.perms import require_may_write
from vault.sharing import perms
from vault.sharing.actions import acts
from vault.sharing.actions.desk import at_desk
from vault.sharing.models import DeskVisit
from vault.types.names import words

#: In the session.
PLACE = "voter"
#: How long the second agent may check.
WAITS = timedelta(days=7)
PROVE = gettext_noop("Prouver votre identité pour voter")


class Checked(StrEnum):
    """What a check at the desk did. Otherwise: an earlier agent read another identity, and this check waits now."""

    BY_ONE = "by_one"
    OTHERWISE = "otherwise"
    BY_TWO = "by_two"


def pseudonym(*, family_name: str, given_names: str, birthdate: date) -> bytes:
    """Return the keyed pseudonym of a civil status: accents, case, hyphens and spaces do not count."""
    status = "|".join([" ".join(words(family_name)), " ".join(words(given_names)), birthdate.isoformat()])
    return hmac.digest(city_key(), f"identity of a voter|{status}".encode(), "sha256")


def remember(request: HttpRequest, user_id: UUID, status: Mapping[str, Any]) -> None:
    """Remember in the session the pseudonym of what FranceConnect has just proved. Without a whole status, nothing.

    It is kept elsewhere once the resident says that they will vote under it (`keep_proved`).
    """
    given = status.get("given_name_array")
    names = " ".join(map(str, given)) if given else str(status.get("given_name") or "")
    family = str(status.get("family_name") or "")
    try:
        # Of who was born on no known day, FranceConnect says 00; an agent at the desk is told to write 1.
        born = date.fromisoformat(str(status.get("birthdate")).replace("-00", "-01"))
    except ValueError:
        return
    if words(family) and words(names):
        found = pseudonym(family_name=family, given_names=names, birthdate=born)
        request.session[PLACE] = {"user": str(user_id), "at": time.time(), "pseudonym": found.hex()}


def proved(request: SignedInRequest) -> bytes | None:
    """Return the pseudonym that FranceConnect proved in this session, within half an hour, for this user."""
    kept = request.session.get(PLACE)
    if not kept or kept["user"] != str(request.user.pk) or time.time() - kept["at"] > pivot.LASTS:
        return None
    return bytes.fromhex(kept["pseudonym"])


def keep_proved(*, resident_id: UUID, by: UUID, found: bytes) -> ProvenIdentity:
    """Keep the pseudonym that FranceConnect proved, since the resident asks to vote under it. Idempotent.

    Raises:
        PermissionDenied: not their vault.
    """
    require_may_write(resident_id, by)
    with transaction.atomic(), scope(resident=resident_id):
        return _keep(resident_id, by, found, Means.FRANCECONNECT)


def check_at_desk(*, visit: DeskVisit, agent: User, family_name: str, given_names: str, birthdate: date) -> Checked:
    """Check the identity paper that the resident shows at the desk, as one of two agents.

    Each of the two has the resident before them, in a visit of their own, and types what they read. The identity is
    proven once both typed the same; the names are not kept. One agent alone makes a voter of nobody.

    Raises:
        NotTwo: the agent may not be one of two, or the two may not decide together.
        PermissionDenied: the visit is another agent's, or its session has ended.
        gate.Refused: the visit has ended.
    """
    perms.require_may_help_at_desk(visit, agent)
    ACTS["prove_identity"].require_first(agent)
    found = pseudonym(family_name=family_name, given_names=given_names, birthdate=birthdate)
    with at_desk(), acts.under(visit.grant):
        earlier = check_of_another(agent)
        if earlier is None or bytes(earlier.pseudonym) != found:
            _note_check(visit.resident_id, agent, found)
            return Checked.BY_ONE if earlier is None else Checked.OTHERWISE
        ACTS["prove_identity"].require(earlier.checked_by, agent)
        earlier.delete()
        _keep(visit.resident_id, agent.pk, found, Means.DESK)
        return Checked.BY_TWO


def check_of_another(agent: User) -> IdentityCheck | None:
    """Return the check that waits for a second agent, in the resident's scope; none of `agent`, nor a former one."""
    recent = IdentityCheck.objects.filter(checked_at__gt=timezone.now() - WAITS).exclude(checked_by=agent)
    earlier = recent.select_related("checked_by").first()
    if earlier is not None:
        check(earlier)
    return earlier


def _note_check(resident_id: UUID, agent: User, found: bytes) -> None:
    """Keep one check, in place of a former one, until another agent reads the same."""
    IdentityCheck.objects.all().delete()
    IdentityCheck(resident_id=resident_id, pseudonym=found, checked_by=agent).save(force_insert=True)
    journal.write(
        resident_id=resident_id,
        actor_id=agent.pk,
        event="identity_checked",
        purpose=PROVE,
        ground=journal.Ground.OWN,
    )


def _keep(resident_id: UUID, by: UUID, found: bytes, means: Means) -> ProvenIdentity:
    """Keep an identity in place of the former one. In a vote where the account has voted, the former one stays."""
    kept = ProvenIdentity.objects.select_for_update().filter(resident_id=resident_id).first()
    if kept is not None:
        check(kept)
        if (bytes(kept.pseudonym), kept.means) == (found, means):
            return kept
        kept.delete()
    made = ProvenIdentity(resident_id=resident_id, pseudonym=found, means=means)
    made.save(force_insert=True)
    own = by == resident_id
    journal.write(
        resident_id=resident_id,
        actor_id=by,
        event="identity_proven",
        purpose=PROVE,
        ground=None if own else journal.Ground.OWN,
    )
    return made


def of(user: User) -> ProvenIdentity | None:
    """Return the identity under which a resident votes, in their scope; None if they have not proved one.

    An identity of FranceConnect counts while it is linked to the account.
    """
    found = ProvenIdentity.objects.filter(resident_id=user.pk).first()
    if found is None:
        return None
    check(found)
    if found.means == Means.FRANCECONNECT and linked(user, found.means) is None:
        return None
    return found
