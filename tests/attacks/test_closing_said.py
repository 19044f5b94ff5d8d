"""A vault that its resident closes at once is closed, or the page says that it is not: whatever is written meanwhile.

Somebody who holds the account's row while the resident closes has their own UPDATE wait behind the first transaction
of the closing: it gets the row before the second one. It is written here between the two.
"""

from http import HTTPStatus
from typing import Any

import pytest

from accounts.actions import closing
from accounts.models import User
from core import keys
from core.rows import Forged
from tests.attacks.test_hidden_while_ended import change
from tests.vault.made import add_signed_notice
from tests.vault.shown import INCOME, address, entered, linked

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_vault_that_is_said_to_be_closed_is_closed(resident: User, monkeypatch: pytest.MonkeyPatch) -> None:
    add_signed_notice(resident)
    key = linked(resident, INCOME)
    visitor = entered(key)
    closes = closing._close_if_due

    def meanwhile(resident_id: Any) -> bool:
        change("accounts_user", f"is_resident = (id <> '{resident.pk}')")
        return closes(resident_id)

    monkeypatch.setattr(closing, "_close_if_due", meanwhile)
    try:
        said = closing.close(user=resident, by=resident.pk)
    except Forged:
        return
    finally:
        change("accounts_user", "is_resident = true")
    if not said:
        return
    assert visitor.get(address(key)).status_code == HTTPStatus.NOT_FOUND, "a link reads a vault that was closed"
    with pytest.raises(keys.KeyMissing):
        keys.key_of(resident_id=resident.pk)
