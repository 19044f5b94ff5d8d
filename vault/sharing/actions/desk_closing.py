"""Closing at the desk a vault that only its sheet opens. Each of the two agents acts in a visit of their own."""

from accounts.actions import sheet_closing
from accounts.models import SheetClosing, User
from vault.sharing import perms
from vault.sharing.actions import acts
from vault.sharing.actions.desk import at_desk
from vault.sharing.models import DeskVisit


def ask_to_close(*, visit: DeskVisit, agent: User) -> SheetClosing:
    """Note the resident's request, as the first agent. Idempotent.

    Raises:
        PermissionDenied: the resident signs in by themselves, the visit is another agent's, or its session has ended.
        NotTwo: the agent may not be one of the two who decide.
        gate.Refused: the visit has ended.
        closing.Begun: the erasure has begun.
    """
    perms.require_may_help_at_desk(visit, agent)
    with at_desk(), acts.under(visit.grant):
        return sheet_closing.ask(person=_person(visit), by=agent)


def confirm_closing(*, visit: DeskVisit, agent: User, asked: SheetClosing | None = None) -> SheetClosing:
    """Confirm what the second agent read as `asked`, or what waits now: the vault is erased in thirty days.

    Idempotent.

    Raises:
        PermissionDenied, gate.Refused, closing.Begun: as `ask_to_close`.
        NotTwo: the same agent asked, or the two may not decide together.
        sheet_closing.NotAsked
    """
    perms.require_may_help_at_desk(visit, agent)
    with at_desk(), acts.under(visit.grant):
        return sheet_closing.confirm(person=_person(visit), by=agent, read=asked)


def keep_open(*, visit: DeskVisit, agent: User) -> None:
    """End a closing that was asked for or confirmed. Idempotent.

    Raises:
        PermissionDenied, gate.Refused, closing.Begun: as `ask_to_close`.
    """
    perms.require_may_help_at_desk(visit, agent)
    with at_desk(), acts.under(visit.grant):
        sheet_closing.cancel(person=_person(visit), by=agent)


def _person(visit: DeskVisit) -> User:
    return User.objects.get(pk=visit.resident_id)
