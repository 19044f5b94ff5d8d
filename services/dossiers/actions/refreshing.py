"""Refresh a stale value of a draft from its page: pull it again, or type it. A paper goes by `receive_paper`."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django_scopes import scope

from core.models import Job
from services.dossiers import perms
from services.dossiers.actions.dossiers import PREPARE
from services.dossiers.content.needs import Need
from services.dossiers.content.refreshing import Ways
from services.dossiers.models import Dossier
from vault.holders.actions import connections
from vault.records.actions import Subject, add_record
from vault.records.models import Record


class NoWay(Exception):
    """The line cannot be refreshed this way any more: its connection stopped, or it is not stale."""


def pull(*, dossier: Dossier, by: UUID, ways: Ways) -> Job:
    """Ask the holder again, by the connection that its resident made.

    Raises:
        NoWay
        connections.NotYet: the holder asked to wait.
    """
    perms.require_owner(dossier, by)
    if ways.connection is None:
        raise NoWay
    try:
        return connections.ask_pull(connection=ways.connection, by=by)
    except connections.Closed:
        raise NoWay from None


def type_again(*, dossier: Dossier, by: UUID, need: Need, payload: Mapping[str, Any]) -> Record:
    """Write what the resident typed, about the same person as the stale record: declared, which the PDF says.

    A record of the same time and thing is superseded; one of an earlier time stays beside it.

    Raises:
        NoWay: the stale record was withdrawn meanwhile.
        Invalid
    """
    perms.require_owner(dossier, by)
    with scope(resident=by):
        stale = Record.objects.current().filter(pk__in=need.records, type=need.code).first()
    if stale is None:
        raise NoWay
    return add_record(
        resident_id=by,
        by=by,
        subject=Subject(type=stale.type, person=stale.subject_person, role=stale.subject_role),
        payload={name: value for name, value in payload.items() if value not in (None, "")},
        in_place=True,
        purpose=PREPARE,
    )
