"""Codes: of several that are sent at once, one enters; whoever writes to the database neither resets nor moves one."""

import re
import threading
from collections.abc import Callable
from typing import Any, TypeVar

import psycopg
import pytest
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.conf import settings
from django.db import ProgrammingError
from django.test import Client, RequestFactory
from django.urls import reverse
from django_scopes import scopes_disabled

from accounts import codes
from accounts.actions import identities, nominations, pending, places, sheets
from accounts.codes import Answer, Use
from accounts.models import Membership, Organisation, Role, User
from accounts.sign_in.openid import Identity
from accounts.sign_in.sessions import SessionStore
from campaigns.contributions.actions import group
from core import once
from core.messages import phones
from tests.accounts.factories import AgentFactory, CompanionFactory, ResidentFactory, signed_in
from tests.accounts.mailbox import sent_code
from tests.accounts.test_passkeys import is_in
from tests.accounts.test_second_factor import code_now
from tests.at_once import at_once
from tests.attacks.test_rows_put_back import kept, put_back, sql
from tests.campaigns import given
from tests.core.test_sms import sent
from vault.records.enums import HouseholdRole
from vault.sharing.actions import asking, household, mandates
from vault.sharing.actions.mandates import Chosen
from vault.sharing.enums import Act, AskedFor
from vault.sharing.models import AccessRequest

pytestmark = pytest.mark.django_db(transaction=True)
COOKIE = settings.SESSION_COOKIE_NAME
SIX = 6
T = TypeVar("T")


def copies(client: Client) -> list[Client]:
    """Return six browsers with the cookies of this one."""
    made = [Client() for _ in range(SIX)]
    for one in made:
        one.cookies.load({name: morsel.value for name, morsel in client.cookies.items()})
    return made


def requests_of(client: Client) -> list[Any]:
    """Return six requests of one session, which each of them has read before any of them answers."""
    made = []
    for _ in range(SIX):
        request = RequestFactory().get("/")
        request.session = SessionStore(client.cookies[COOKIE].value)
        assert request.session.keys()
        made.append(request)
    return made


def outcomes(work: Callable[[int], T], *refused: type[Exception]) -> list[T]:
    """Run the work six times at once, each with a number and a connection of its own. Return what passed."""
    numbers, passed, barrier = list(range(SIX)), [], threading.Barrier(SIX)

    def run() -> None:
        number = numbers.pop()
        barrier.wait()
        try:
            passed.append(work(number))
        except refused:
            return

    at_once(run, times=SIX)
    return passed


def asked(email: str) -> tuple[Client, str]:
    client = Client()
    client.post(reverse("account_login"), {"email": email})
    return client, sent_code()


def test_the_right_code_sent_six_times_at_once_is_right_once(resident: User) -> None:
    client, code = asked(resident.email)
    requests = requests_of(client)
    answers = outcomes(lambda n: codes.check(requests[n], use=Use.SIGN_IN, typed=code))
    assert answers.count(Answer.RIGHT) == 1 and answers.count(Answer.OVER) == SIX - 1


def test_six_requests_with_the_right_code_sign_in_once(resident: User) -> None:
    client, code = asked(resident.email)
    browsers = copies(client)
    page = reverse("account_confirm_login_code")
    outcomes(lambda n: browsers[n].post(page, {"code": code}))
    assert [is_in(one) for one in browsers].count(True) == 1


def test_a_proved_address_opens_one_session() -> None:
    client, code = asked("nouvelle@courriel.example")
    client.post(reverse("account_confirm_login_code"), {"code": code})
    browsers = copies(client)
    outcomes(lambda n: browsers[n].post(reverse("account_signup"), {"name": "Awa"}))
    with scopes_disabled():
        assert User.objects.filter(email="nouvelle@courriel.example").count() == 1
    assert [is_in(one) for one in browsers].count(True) == 1


def test_deleting_counters_gives_no_more_tries(resident: User) -> None:
    client, code = asked(resident.email)
    wrong = f"{(int(code) + 1) % 1_000_000:06}"
    page = reverse("account_confirm_login_code")
    for request in requests_of(client)[: codes.TRIES]:
        codes.check(request, use=Use.SIGN_IN, typed=wrong)
    sql("DELETE FROM core_cache")
    client.post(page, {"code": code})
    assert not is_in(client)


def test_deleting_counters_does_not_let_a_second_factor_serve_again() -> None:
    agent = AgentFactory()
    first, second = (signed_in(agent, second_factor=False) for _ in range(2))
    first.post(reverse("mfa_reauthenticate"), {"code": code_now()})
    assert first.get(reverse("admin:index")).status_code == 200
    sql("DELETE FROM core_cache")
    second.post(reverse("mfa_reauthenticate"), {"code": code_now()})
    assert second.get(reverse("admin:index")).status_code != 200


@pytest.mark.parametrize("changed", [{"email": "maire@villebrume.example"}, {"use": "confirm"}, {"serial": "0" * 32}])
def test_a_code_serves_the_address_and_the_use_that_it_was_sent_for(resident: User, changed: dict[str, str]) -> None:
    client, code = asked(resident.email)
    request = requests_of(client)[0]
    request.session["code"] |= changed
    use = Use(changed.get("use", "sign_in"))
    assert codes.check(request, use=use, typed=code) is not Answer.RIGHT


def test_a_code_serves_the_session_that_asked_for_it(resident: User) -> None:
    client, code = asked(resident.email)
    other = RequestFactory().get("/")
    other.session = SessionStore()
    other.session["code"] = requests_of(client)[0].session["code"]
    other.session.save()
    assert codes.check(other, use=Use.SIGN_IN, typed=code) is not Answer.RIGHT


# Codes of other kinds, each typed six times at once.


def test_a_second_factor_six_times_at_once_is_taken_once() -> None:
    agent = AgentFactory()
    browsers = [signed_in(agent, second_factor=False) for _ in range(SIX)]
    code = code_now()
    outcomes(lambda n: browsers[n].post(reverse("mfa_reauthenticate"), {"code": code}))
    assert [one.get(reverse("admin:index")).status_code for one in browsers].count(200) == 1


def test_a_recovery_code_six_times_at_once_is_taken_once() -> None:
    agent = AgentFactory()
    code = RecoveryCodes.activate(agent).get_unused_codes()[0]
    browsers = [signed_in(agent, second_factor=False) for _ in range(SIX)]
    outcomes(lambda n: browsers[n].post(reverse("mfa_reauthenticate"), {"code": code}))
    assert [one.get(reverse("admin:index")).status_code for one in browsers].count(200) == 1


def test_a_sheet_is_claimed_once() -> None:
    agent = AgentFactory(at_desk=True)
    person = sheets.open_vault_with(name="Rose", by=agent)
    _sheet, code = sheets.print_sheet(person=person, by=agent)
    found = outcomes(
        lambda n: sheets.claim(code_hash=sheets.hashed(code), email=f"rose{n}@courriel.example"), sheets.NoSheet
    )
    assert len(found) == 1


def test_an_appointment_begins_once(resident: User) -> None:
    code = mandates.make_code(resident_id=resident.pk, by=resident.pk, chosen=Chosen([], [Act.ADD_PAPER]))
    companions = [CompanionFactory() for _ in range(SIX)]
    found = outcomes(lambda n: mandates.begin(companion=companions[n], code=code), mandates.NoAppointment)
    assert len(found) == 1


def test_an_invitation_to_a_household_is_used_once(resident: User) -> None:
    code = household.invite(resident_id=resident.pk, by=resident.pk, role=HouseholdRole.PARTNER)
    others = [ResidentFactory() for _ in range(SIX)]
    found = outcomes(
        lambda n: household.join(resident_id=others[n].pk, by=others[n].pk, code=code),
        household.NoInvitation,
        household.CannotJoin,
    )
    assert len(found) == 1


def test_a_code_of_presence_is_taken_once() -> None:
    manager, agent = AgentFactory(manages_agents=True), AgentFactory(new=True)
    nomination = nominations.propose(person=agent, role=Role.SECOND, employer="", by=AgentFactory(manages_agents=True))
    code = nominations.begin_presence(nomination=nomination, by=manager)
    found = outcomes(
        lambda _n: nominations.type_code(person=agent, code=code, current_key=None), nominations.WrongCode
    )
    assert len(found) == 1


def test_an_invitation_of_an_agent_links_one_identity() -> None:
    agent = AgentFactory()
    token = identities.invite(agent=agent, by=AgentFactory(manages_agents=True))
    claims = {"email": agent.email}
    found = outcomes(
        lambda n: identities.accept_invitation(
            token=token, identity=Identity("proconnect", str(n), "eidas1", claims=claims)
        ),
        identities.InvitationOver,
        identities.HasAnother,
    )
    assert len(found) == 1


def test_an_offered_account_is_opened_once() -> None:
    manager = AgentFactory(manages_agents=True)
    tokens: list[str] = []

    def link(token: str) -> str:
        tokens.append(token)
        return "https://villebrume.example"

    pending.offer(email="a@villebrume.example", name="Zoé", by=manager, link=link)
    assert len(outcomes(lambda _n: pending.open_account(token=tokens[0]), pending.Over)) == 1


def test_a_code_of_an_invited_group_is_used_once() -> None:
    campaign = given.grouped()
    code = group.invite(campaign=campaign, by=campaign.created_by)[0]
    others = [ResidentFactory() for _ in range(SIX)]
    found = outcomes(
        lambda n: group.join(resident_id=others[n].pk, by=others[n].pk, campaign=campaign, code=code), group.WrongCode
    )
    assert len(found) == 1


def test_what_was_used_is_neither_deleted_nor_changed_by_the_portals_role(resident: User) -> None:
    assert once.use("try", "1") and not once.use("try", "1")
    for attack in ("DELETE FROM core_used", "UPDATE core_used SET at = '2020-01-01'", "TRUNCATE core_used"):
        with pytest.raises(ProgrammingError, match="refused|denied"):
            sql(attack)
    sql("INSERT INTO core_used (name, at) VALUES ('mine', '2020-01-01')")
    with pytest.raises(ProgrammingError, match="refused"):
        sql("DELETE FROM core_used WHERE name = 'mine'")
    assert not once.use("try", "1")


def test_what_was_used_is_forgotten_after_eight_days(databases: Any) -> None:
    once.use("try", "1")
    with psycopg.connect(databases.url("owner"), autocommit=True) as owner:
        owner.execute("ALTER TABLE core_used DISABLE TRIGGER USER")
        owner.execute("UPDATE core_used SET at = now() - interval '193 hours'")
        owner.execute("ALTER TABLE core_used ENABLE TRIGGER USER")
    once.use("try", "2")
    once.sweep()
    assert once.use("try", "1") and not once.use("try", "2")


# Whoever kept the row of a code, and puts it back as it was.


def asked_by_phone(resident: User, companion: User) -> tuple[AccessRequest, str]:
    phones.keep(resident_id=resident.pk, by=resident.pk, number="+33639980001")
    request = asking.ask(
        companion=companion,
        address=resident.email,
        items=["home"],
        purpose=AskedFor.HOUSING,
        length="h24",
        by_phone=True,
    )
    asking.text_codes()
    found = re.search(r"\b\d{6}\b", sent()[-1]["text"])
    assert found
    return request, found[0]


def test_wrong_tries_of_a_texted_code_are_counted_though_its_row_is_put_back(resident: User) -> None:
    companion = CompanionFactory()
    request, code = asked_by_phone(resident, companion)
    copy = kept("sharing_accessrequest")
    wrong = f"{(int(code) + 1) % 1_000_000:06}"
    for _try in range(3):
        assert asking.accept_by_code(request=request, companion=companion, code=wrong) is None
    put_back(copy)
    assert asking.accept_by_code(request=request, companion=companion, code=code) is None


def test_a_texted_code_that_served_gives_no_other_mandate(resident: User) -> None:
    companion = CompanionFactory()
    request, code = asked_by_phone(resident, companion)
    copy = kept("sharing_accessrequest")
    assert asking.accept_by_code(request=request, companion=companion, code=code)
    put_back(copy)
    assert asking.accept_by_code(request=request, companion=companion, code=code) is None


def test_a_code_of_presence_that_served_resets_no_second_factor() -> None:
    manager, agent = AgentFactory(manages_agents=True), AgentFactory(new=True)
    nomination = nominations.propose(person=agent, role=Role.SECOND, employer="", by=AgentFactory(manages_agents=True))
    code = nominations.begin_presence(nomination=nomination, by=manager)
    copy = kept("accounts_nomination")
    nominations.type_code(person=agent, code=code, current_key=None)
    put_back(copy)
    with pytest.raises(nominations.WrongCode):
        nominations.type_code(person=agent, code=code, current_key=None)


def test_an_offer_that_was_taken_opens_no_account_again() -> None:
    manager, tokens = AgentFactory(manages_agents=True), []

    def link(token: str) -> str:
        tokens.append(token)
        return "https://villebrume.example"

    where = Organisation.objects.create(name="Mission locale")
    pending.offer(email="a@villebrume.example", name="Zoé", by=manager, link=link, organisation=where)
    copy = kept("accounts_pendingaccount")
    person = pending.open_account(token=tokens[0])
    places.end(place=Membership.objects.get(person=person))
    put_back(copy)
    with pytest.raises(pending.Over):
        pending.open_account(token=tokens[0])
