"""Codes guessed in parallel, from several networks, by whoever deletes the counters that the database keeps.

A code of a few digits has a number of tries, which no row that can be deleted counts. What people copy from a paper or
a screen has so many random bits that there is nothing to count. Codes of links: `test_links.py`; a try whose row is
put back: `test_codes.py`, `test_rows_put_back.py`.
"""

import re

import pytest
from django.urls import reverse

from accounts import codes
from accounts.actions import nominations, sheets
from accounts.codes import Use
from accounts.forms import SECOND_FACTOR_TRIES
from accounts.models import Role, User
from campaigns.contributions.actions import group
from campaigns.debates import slips
from core import symbols
from tests.accounts.factories import AgentFactory, CompanionFactory, signed_in
from tests.accounts.test_passkeys import is_in
from tests.accounts.test_second_factor import code_now
from tests.attacks.test_codes import SIX, asked, asked_by_phone, copies, outcomes, requests_of
from tests.attacks.test_rows_put_back import sql
from tests.campaigns import given
from vault.records.enums import HouseholdRole
from vault.sharing.actions import asking, household, mandates
from vault.sharing.actions.mandates import Chosen
from vault.sharing.enums import Act

pytestmark = pytest.mark.django_db(transaction=True)
FORGET = "DELETE FROM core_cache"


def wrong(code: str, number: int) -> str:
    return f"{(int(code) + 1 + number) % 10 ** len(code):0{len(code)}}"


def test_six_guesses_at_once_of_an_emailed_code_leave_no_try(resident: User) -> None:
    client, code = asked(resident.email)
    browsers, requests = copies(client), requests_of(client)
    answers = outcomes(lambda n: codes.check(requests[n], use=Use.SIGN_IN, typed=wrong(code, n)))
    assert answers.count(codes.Answer.WRONG) <= codes.TRIES - 1
    sql(FORGET)
    for number, browser in enumerate(browsers):
        browser.post(reverse("account_confirm_login_code"), {"code": code}, REMOTE_ADDR=f"203.0.{number}.7")
    assert not any(is_in(one) for one in browsers)


def test_six_guesses_at_once_of_a_texted_code_leave_no_try(resident: User) -> None:
    companion = CompanionFactory()
    request, code = asked_by_phone(resident, companion)
    outcomes(
        lambda n: asking.accept_by_code(request=request, companion=companion, code=wrong(code, n)), asking.NotWaiting
    )
    sql(FORGET)
    assert asking.accept_by_code(request=request, companion=companion, code=code) is None


def test_guesses_of_a_second_factor_are_counted_though_the_counters_are_deleted() -> None:
    agent, code = AgentFactory(), code_now()
    browsers = [signed_in(agent, second_factor=False) for _ in range(SIX)]
    page = reverse("mfa_reauthenticate")

    def guess(number: int) -> None:
        for more in range(SECOND_FACTOR_TRIES // SIX + 1):
            browsers[number].post(page, {"code": wrong(code, 6 * more + number)}, REMOTE_ADDR=f"203.0.{number}.7")
            sql(FORGET)

    outcomes(guess)
    browsers[0].post(page, {"code": code_now()})
    assert browsers[0].get(reverse("admin:index")).status_code != 200


def test_codes_that_people_copy_have_too_many_bits_to_be_guessed(resident: User) -> None:
    manager, agent = AgentFactory(manages_agents=True), AgentFactory(at_desk=True)
    nomination = nominations.propose(
        person=AgentFactory(new=True), role=Role.SECOND, employer="", by=AgentFactory(manages_agents=True)
    )
    campaign = given.grouped()
    made = {
        "sheet": sheets.print_sheet(person=sheets.open_vault_with(name="Rose", by=agent), by=agent)[1],
        "appointment": mandates.make_code(resident_id=resident.pk, by=resident.pk, chosen=Chosen([], [Act.ADD_PAPER])),
        "household": household.invite(resident_id=resident.pk, by=resident.pk, role=HouseholdRole.PARTNER),
        "presence": nominations.begin_presence(nomination=nomination, by=manager),
        "group": group.invite(campaign=campaign, by=campaign.created_by)[0],
    }
    letter = f"[{symbols.ALPHABET}]"
    assert len(symbols.ALPHABET) == 32
    for name, code in made.items():
        assert re.fullmatch(f"{letter}{{4}}-{letter}{{4}}-{letter}{{4}}", code), name
    # Of the day, of one vote, for agents at a desk: one in 10^12.
    assert re.fullmatch(f"{letter}{{4}}-{letter}{{4}}", slips.new_number())
    assert len({*made.values(), slips.new_number()}) == len(made) + 1
