"""The ways to refresh a stale line of a dossier without leaving its page: its connection, its paper, or typing it.

Reads rows only, no value.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.models import Job
from services.dossiers.content.needs import VALUES, Need
from services.dossiers.enums import NeedState
from vault import types
from vault.holders import connectors
from vault.holders.actions import connections as pulling
from vault.holders.enums import ConnectionState
from vault.holders.models import Connection
from vault.records.models import PaperKind, Record
from vault.records.values import questions

PULL, PAPER, TYPED = "pull", "paper", "typed"
#: More values than these are typed on pages of their own, one question a page.
MOST_NAMES = 4


@dataclass(frozen=True)
class Ways:
    """How to refresh one line.

    Args:
        connection: a connection of the resident that brings this value, and may be asked now.
        pulling: that connection was asked, and has not answered yet.
        paper_kind: the kind of paper that replaces this one, or that proves this value.
        names: the values to type in the page; empty: typing takes pages of its own, or is not possible.
    """

    need: Need
    connection: Connection | None = None
    pulling: bool = False
    paper_kind: PaperKind | None = None
    names: tuple[str, ...] = ()


def of(needs: Sequence[Need], kinds: Mapping[str, PaperKind]) -> list[Ways]:
    """Return the ways to refresh each stale line. Three queries at most. Requires the resident's scope."""
    stale = [need for need in needs if need.state == NeedState.EXPIRED]
    if not stale:
        return []
    values = [need for need in stale if need.sort == VALUES]
    by_type = _connections(values)
    busy = _busy(by_type)
    proofs = _proofs(values)
    required = {need.code for need in needs if need.sort != VALUES}
    found = []
    for need in stale:
        if need.sort != VALUES:
            found.append(Ways(need, paper_kind=kinds.get(need.code)))
            continue
        connection = by_type.get(need.code)
        pulls = connection is not None and connection.pk in busy
        found.append(Ways(need, connection, pulls, _kind(need, kinds, proofs, required), _names(need)))
    return found


def _connections(values: Sequence[Need]) -> dict[str, Connection]:
    """Return, for each type, the connection that brings it: one whose holder can be asked, not one that only sends."""
    wanted, offered, found = {need.code for need in values}, connectors.available(), dict[str, Connection]()
    for connection in Connection.objects.filter(state=ConnectionState.ACTIVE) if wanted else ():
        there = offered.get(connection.holder)
        if there is None or there.connector.pushes or connection.over:
            continue
        for code in connection.datasets:
            dataset = there.offer.dataset(code)
            found |= {one: connection for one in (dataset.types if dataset else ()) if one in wanted}
    return found


def _busy(by_type: Mapping[str, Connection]) -> set[object]:
    keys = [connection.pk for connection in by_type.values()]
    running = Job.objects.filter(
        kind=pulling.JOB, subject_id__in=keys, state__in=[Job.State.WAITING, Job.State.RUNNING]
    )
    return set(running.values_list("subject_id", flat=True)) if keys else set()


def _proofs(values: Sequence[Need]) -> dict[object, str]:
    """Return the kind of the paper that proved each stale record."""
    keys = [key for need in values for key in need.records]
    found = Record.objects.filter(pk__in=keys, paper__isnull=False) if keys else Record.objects.none()
    return dict(found.values_list("pk", "paper__kind"))


def _kind(
    need: Need, kinds: Mapping[str, PaperKind], proofs: Mapping[object, str], required: set[str]
) -> PaperKind | None:
    """Return the kind of the paper that proved the value, else one that the dossier requires, else the fullest one."""
    former = next((kinds[proofs[key]] for key in need.records if proofs.get(key) in kinds), None)

    def rank(kind: PaperKind) -> tuple[bool, int, str]:
        return kind.code not in required, -len(set(need.fields) & set(kind.field_ids)), kind.code

    return former or min((kind for kind in kinds.values() if need.code in kind.proves), key=rank, default=None)


def _names(need: Need) -> tuple[str, ...]:
    """Return the values to type: none for a list, which is typed item by item, nor for several people's."""
    if not questions.is_typed(need.code) or len(need.records) != 1:
        return ()
    wanted = [field_id.partition("#/")[2].split("/")[0] for field_id in need.fields]
    names = questions.names(need.code, only=wanted)
    fields = [types.field(f"{need.code}#/{name}") for name in names]
    return tuple(names) if len(names) <= MOST_NAMES and not any(field.items for field in fields) else ()
