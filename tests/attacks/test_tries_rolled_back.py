"""Wrong codes are counted, also while somebody in the database has the transaction that counts one rolled back.

They lock a table that only a wrong code writes, and cancel whoever waits for it: a right code passes by.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg
import pytest
from django.db import OperationalError
from django.test import Client
from django_scopes import scope

from accounts.models import User
from tests.accounts.factories import CompanionFactory, ResidentFactory
from tests.attacks.test_codes import asked_by_phone
from tests.vault.made import HOME, add, add_signed_notice
from tests.vault.shown import INCOME, address, linked
from vault.sharing.actions import asking
from vault.sharing.models import Link, Visit
from vault.sharing.models.asking import CODE_TRIES
from vault.sharing.models.link import MOST_TRIES

pytestmark = pytest.mark.django_db(transaction=True)
WAITING = "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE %s = ANY (pg_blocking_pids(pid))"


@contextmanager
def rolled_back(url: str, table: str) -> Iterator[None]:
    """Hold a table that nobody else inserts into, and cancel who waits to."""
    over = threading.Event()

    def cancel() -> None:
        with psycopg.connect(url, autocommit=True) as own:
            while not over.wait(0.02):
                own.execute(WAITING, [holder.info.backend_pid])

    with psycopg.connect(url) as holder:
        holder.execute(f"LOCK TABLE {table} IN SHARE MODE")
        thread = threading.Thread(target=cancel)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
            holder.rollback()


def test_a_link_is_locked_after_five_wrong_codes_whoever_rolls_them_back(resident: User, databases) -> None:
    add_signed_notice(resident)
    key = linked(resident, INCOME)
    wrong = [f"{(int(key.code) + 1 + number) % 10**8:08}" for number in range(3 * MOST_TRIES)]
    visitor = Client(raise_request_exception=False)
    with rolled_back(databases.url("web"), "core_rowhead"):
        for code in wrong:
            visitor.post(address(key), {"code": code})
        visitor.post(address(key), {"code": key.code})
    with scope(resident=resident.pk):
        tries = Link.objects.get().tries
        begun = Visit.objects.filter(link=key.link).exists()
    assert not begun, f"a code typed after {len(wrong)} wrong ones opens the link; counted: {tries}"


def test_a_texted_code_ends_after_three_wrong_ones_whoever_rolls_them_back(databases) -> None:
    reachable, companion = ResidentFactory(), CompanionFactory()
    add(reachable, "logement.domicile", HOME)
    request, code = asked_by_phone(reachable, companion)
    wrong = [f"{(int(code) + 1 + number) % 10**6:06}" for number in range(4 * CODE_TRIES)]
    with rolled_back(databases.url("web"), "core_written"):
        for one in wrong:
            with suppress(OperationalError):
                asking.accept_by_code(request=request, companion=companion, code=one)
    assert asking.accept_by_code(request=request, companion=companion, code=code) is None, (
        f"the right code after {len(wrong)} wrong ones gives a mandate"
    )
