# ruff: noqa: SLF001 - Django documents _meta and _base_manager
"""Signing rows of an earlier version: `manage.py rows sign`, after each upgrade.

A version may give MACs to models whose rows had none, or put more columns under a MAC. Each model's rows are then
signed once under its present list. A row whose MAC is of a former list is checked with it first, and with its head:
one that was forged or put back stays so. A row without a MAC is believed only if its model had none before. A MAC from
before salts gets one, once.

What was done is kept with the city's key, by model and list (`rows.State`): a MAC that somebody deletes does not come
back by running it again.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby, islice

from django.db import transaction
from django.db.models import Model
from django_scopes import scopes_disabled

from core import rows
from core.journal import heads
from core.models.rows import MAC_BYTES, AuthenticatedRow, Forged, changing, declared, is_genuine, unchecked

#: How many rows are signed in one transaction, at most.
BATCH = 1_000


def sign(*, again: bool = False) -> int:
    """Sign the rows of each model whose list is longer than the last signed one, or whose MACs had no salt; with
    `again`, all refused rows too.

    Then make the heads that are missing; with `again`, those that are refused. Each head then has what ended before,
    and counts the other rows: those that are there are believed to be all. Return the number of rows signed.
    """
    state, given = rows.read_state(), 0
    for model in rows.models():
        last = state.list_of(model)
        if again or last < len(declared(model).lists) or _lacks_salt(model, state):
            given += sum(_sign_rows(batch, last, again=again) for batch in _batches(model))
            rows.note_signed(state.word, [model])
    if again or state.word not in {rows.COUNTED, rows.SALTED}:
        _make_heads(state.word, again=again)
    rows.note_signed(rows.SALTED, rows.models())
    return given


def _lacks_salt(model: type[Model], state: rows.State) -> bool:
    return state.word != rows.SALTED and declared(model).once


def _batches(model: type[Model]) -> Iterator[list[Model]]:
    """Yield the model's rows, those of each resident or account apart."""
    for _owner, group in groupby(rows.stored(model), key=rows.owner_of):
        while batch := list(islice(group, BATCH)):
            yield batch


def _sign_rows(found: Sequence[Model], last: int, *, again: bool) -> int:
    """Sign rows of one model and one owner, under their locks. Those whose head is refused stay as they are."""
    model, ids = type(found[0]), [row.pk for row in found]
    if not rows.has_key(found[0]):
        return 0
    try:
        with transaction.atomic(), scopes_disabled():
            with unchecked():
                locked = list(model._base_manager.select_for_update(of=("self",)).filter(pk__in=ids))
                due = [row for row in locked if _is_due(row, last, again=again)]
            if again or not last:
                for row in due:
                    rows.give_mac(row)
            else:
                due = _sign_with_heads(due)
            return len(due)
    except Forged as forged:
        rows.report(forged)
        return 0


def _is_due(row: Model, last: int, *, again: bool) -> bool:
    mac, lists = rows.mac_beside(row), declared(type(row)).lists
    if (not declared(type(row)).once or mac[MAC_BYTES:]) and is_genuine(row, mac):
        return False
    return again or (is_genuine(row, mac, version=last) if mac else not last or not lists[last - 1])


def _sign_with_heads(due: Sequence[Model]) -> list[Model]:
    """Sign rows under a former list, or without a MAC, and write their heads. Return those that were not put back.

    Raises:
        Forged: their head was put back, or another row of their account.
    """
    signed = [row for row in due if not _was_put_back(row)]
    with changing(*signed):
        had_mac = {row: bool(rows.mac_beside(row)) for row in signed}
        for row in signed:
            rows.give_mac(row)
    for had in (True, False):
        followed = [row for row in signed if isinstance(row, AuthenticatedRow) and had_mac[row] == had]
        if followed and followed[0].decides.followed:
            heads.change(followed, added=not had)
    return signed


def _was_put_back(row: Model) -> bool:
    """Return whether the row, under its former MAC, is not in its resident's head as it is."""
    if not isinstance(row, AuthenticatedRow) or not row.decides.head or not row.mac:
        return False
    try:
        heads.check([row], locked=True, genuine=True)
    except Forged:
        return True
    return False


def _make_heads(word: str, *, again: bool) -> None:
    for resident_id in heads.residents():
        followed = list(rows.followed(resident_id))
        if (again or word in {"", rows.SIGNED}) and any(heads.problems(resident_id, followed)):
            heads.renew(resident_id, followed)
        heads.complete(resident_id, followed)
    rows.accounts.complete(again=again)
