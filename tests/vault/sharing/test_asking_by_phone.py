"""Access requests answered by a code: the resident says to the companion the code received by text message."""

import re
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse
from django.utils import timezone
from django_scopes import scope

from core import journal
from core.messages import phones
from tests.accounts.factories import CompanionFactory, signed_in
from tests.core.test_sms import sent
from vault.records.grants import agreements
from vault.records.models import Grant
from vault.sharing.across import mandates
from vault.sharing.actions import asking
from vault.sharing.agreements.entrusting import AGREEMENT
from vault.sharing.enums import AskedFor

pytestmark = pytest.mark.django_db(transaction=True)
NUMBER, NOBODY = "+33639980001", "personne@courriel.example"


@pytest.fixture
def companion(db):
    return CompanionFactory(name="Théo Lassalle")


@pytest.fixture
def reachable(resident):
    phones.keep(resident_id=resident.pk, by=resident.pk, number=NUMBER)
    return resident


def asked(companion, address):
    return asking.ask(
        companion=companion, address=address, items=["home"], purpose=AskedFor.HOUSING, length="h24", by_phone=True
    )


def texted():
    asking.text_codes()
    return sent()[-1]["text"]


def code_of(text):
    found = re.search(r"\b\d{6}\b", text)
    assert found
    return found[0]


def page(request):
    return reverse("sharing:access_code", args=[request.pk])


def test_the_message_says_who_what_and_how_long_and_its_code_accepts(reachable, companion):
    request = asked(companion, reachable.email)
    text = texted()
    assert (
        "Théo Lassalle, CCAS de Villebrume" in text
        and "Logement et loyer" in text
        and "1\u00a0jour" in text.replace("1 jour", "1\u00a0jour")
    )
    assert "Home and rent" in text
    answer = signed_in(companion).post(page(request), {"code": code_of(text)}, follow=True)
    assert f"Vous agissez pour {reachable.name}" in answer.content.decode()
    with scope(resident=reachable.pk):
        grant = Grant.objects.get()
    assert grant.channel == "telephone" and [item.code for item in AGREEMENT.named(agreements.fields_of(grant))] == [
        "who",
        "home",
    ]
    assert grant.ends_at - grant.starts_at == timedelta(days=1)
    assert "access_code_typed" in [entry.event for entry in journal.entries(resident_id=reachable.pk, limit=3)]
    assert "vous avez signé un mandat" in sent()[-1]["text"]


def test_a_code_is_sent_once_and_works_once(reachable, companion):
    request = asked(companion, reachable.email)
    code = code_of(texted())
    before = len(sent())
    assert asking.text_codes() == 0 and len(sent()) == before
    assert asking.accept_by_code(request=request, companion=companion, code=code)
    assert asking.accept_by_code(request=request, companion=companion, code=code) is None


def test_a_code_ends_after_three_wrong_tries_or_half_an_hour(reachable, companion, time_machine):
    request = asked(companion, reachable.email)
    code = code_of(texted())
    wrong = "000000" if code != "000000" else "111111"
    for _ in range(3):
        assert asking.accept_by_code(request=request, companion=companion, code=wrong) is None
    assert asking.accept_by_code(request=request, companion=companion, code=code) is None
    late = asked(companion, reachable.email)
    code = code_of(texted())
    time_machine.move_to(timezone.now() + timedelta(minutes=31), tick=False)
    assert asking.accept_by_code(request=late, companion=companion, code=code) is None
    assert mandates.live(companion) == []


def test_pages_are_the_same_without_a_resident_or_a_telephone(resident, companion):
    theirs, before, seen = signed_in(companion), len(sent()), []
    for address in (resident.email, NOBODY):
        request = asked(companion, address)
        asking.text_codes()
        answer = theirs.post(page(request), {"code": "123456"}).content.decode()
        assert "pas le bon code" in answer
        seen.append(re.sub(r"[0-9A-Z]{4}-[0-9A-Z]{4}|csrf\w*|value=\"[^\"]+\"|[0-9a-f-]{36}", "", answer))
    assert seen[0] == seen[1] and len(sent()) == before


def test_only_the_companion_who_asked_can_type_the_code(reachable, companion):
    request, colleague = asked(companion, reachable.email), CompanionFactory()
    code = code_of(texted())
    with pytest.raises(PermissionDenied):
        asking.accept_by_code(request=request, companion=colleague, code=code)
    assert signed_in(colleague).get(page(request)).status_code == 404
    assert signed_in(reachable).get(page(request)).status_code == 403


def test_a_request_answered_on_the_page_has_no_code(companion, resident):
    request = asking.ask(
        companion=companion, address=resident.email, items=["home"], purpose=AskedFor.REVIEW, length="m1"
    )
    assert asking.text_codes() == 0
    assert signed_in(companion).get(page(request)).status_code == 404
    assert asking.accept_by_code(request=request, companion=companion, code="") is None


def test_a_city_without_text_messages_offers_no_code(companion, settings):
    assert "reçoit un code par SMS" in signed_in(companion).get(reverse("sharing:ask_access")).content.decode()
    settings.SMS_PROVIDER = ""
    assert "reçoit un code par SMS" not in signed_in(companion).get(reverse("sharing:ask_access")).content.decode()
