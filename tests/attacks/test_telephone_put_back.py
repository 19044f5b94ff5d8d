"""A telephone that its resident replaced or had forgotten is not put back: whoever has it answers nothing for them."""

import re
from contextlib import suppress
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django_scopes import scope

from accounts.models import User
from core.keys import sealed
from core.messages import phones
from core.rows import Forged
from tests.accounts.factories import CompanionFactory
from tests.core.test_sms import sent
from tests.vault.made import HOME, add
from vault.records import gate
from vault.sharing.actions import asking
from vault.sharing.enums import AskedFor

pytestmark = pytest.mark.django_db(transaction=True)
FORMER, NOW = "+33639987701", "+33639987702"


def rows(statement: str, *values: Any) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone()[0] == "web", "the attacker has the portal's own role"
        cursor.execute(statement, values)
        return cursor.fetchall() if cursor.description else []


def copied(resident: User) -> Any:
    [found] = rows("SELECT p::text FROM core_phone p WHERE resident_id = %s", resident.pk)
    return found[0]


def put_back(resident: User, copy: Any) -> None:
    rows("DELETE FROM core_phone WHERE resident_id = %s", resident.pk)
    with suppress(IntegrityError), transaction.atomic():
        rows("INSERT INTO core_phone SELECT (%s::core_phone).*", copy)


def test_whoever_has_a_former_number_says_yes_for_nobody(resident: User) -> None:
    add(resident, "logement.domicile", HOME)
    companion = CompanionFactory()
    phones.keep(resident_id=resident.pk, by=resident.pk, number=FORMER)
    copy = copied(resident)
    phones.keep(resident_id=resident.pk, by=resident.pk, number=NOW)
    put_back(resident, copy)
    request = asking.ask(
        companion=companion,
        address=resident.email,
        items=["home"],
        purpose=AskedFor.HOUSING,
        length="h24",
        by_phone=True,
    )
    try:
        asking.text_codes()
    except Forged:
        return
    texts = [one for one in sent() if one["to"] == FORMER]
    if not texts:
        return
    code = re.search(r"\b\d{6}\b", texts[-1]["text"])
    assert code
    mandate = asking.accept_by_code(request=request, companion=companion, code=code[0])
    assert mandate is not None
    with scope(resident=resident.pk):
        grant = mandate.grant
    values = gate.read(grant=grant, fields=["logement.domicile#/loyer"], person=resident.pk)
    assert not list(values), "a vault was read by the yes of whoever has the former number"


@pytest.mark.parametrize("way", ["forgotten", "requests off"])
def test_a_number_that_was_put_off_stays_so(resident: User, way: str) -> None:
    phones.keep(resident_id=resident.pk, by=resident.pk, number=FORMER)
    phones.accept_requests(resident_id=resident.pk, by=resident.pk, on=True)
    copy = copied(resident)
    if way == "forgotten":
        phones.forget(resident_id=resident.pk, by=resident.pk)
    else:
        phones.accept_requests(resident_id=resident.pk, by=resident.pk, on=False)
    put_back(resident, copy)
    try:
        assert phones.number_of(resident_id=resident.pk) == "" or way != "forgotten", "texts go there again"
        assert resident.pk not in list(phones.asked_by(FORMER)), "requests by this number reach them again"
    except (Forged, sealed.Unreadable):
        pass


def test_a_number_that_refuses_requests_is_not_written_as_one_that_takes_them(resident: User) -> None:
    phones.keep(resident_id=resident.pk, by=resident.pk, number=FORMER)
    phones.accept_requests(resident_id=resident.pk, by=resident.pk, on=True)
    [[lookup]] = rows("SELECT lookup FROM core_phone")
    phones.accept_requests(resident_id=resident.pk, by=resident.pk, on=False)
    rows("UPDATE core_phone SET lookup = %s", lookup)
    with pytest.raises(Forged):
        phones.number_of(resident_id=resident.pk)
