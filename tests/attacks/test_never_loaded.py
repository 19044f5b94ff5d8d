"""What decides is a row that was loaded and checked, or that the database keeps: not one that a query only counted."""

from contextlib import suppress
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone
from django_scopes import scope

from accounts.actions import accounts
from accounts.models import Session
from accounts.two_persons import NotTwo
from campaigns.contributions.actions import group
from certification.labels.actions import requests as label_requests
from certification.labels.enums import Verdict
from core.rows import Forged
from services.requests.actions import answering
from services.requests.actions import office as actions
from services.requests.enums import Fault, State
from tests.accounts.factories import AgentFactory, signed_in
from tests.accounts.test_passkeys import is_in
from tests.attacks.test_looking_open import written
from tests.attacks.test_rows_put_back import sql
from tests.campaigns import given
from tests.certification.access.test_lots import accepted, code_of, key, sender  # noqa: F401 - fixtures
from tests.certification.conftest import house, label, one, owner  # noqa: F401 - fixtures
from tests.certification.made import filled, reviewed
from tests.services.requests.made import PAPER, QUOTIENT, fresh, member, opened_office, sent
from tests.vault.conftest import kinds  # noqa: F401 - a fixture
from vault.holders.actions import connections
from vault.holders.models import Connection

pytestmark = pytest.mark.django_db(transaction=True)


# 1. When a row was made


def test_a_code_for_a_holder_lasts_a_week_whatever_day_its_row_says(sender, resident):  # noqa: F811
    code = code_of(accepted(resident))
    with time_machine.travel(timezone.now() + connections.CODE_LASTS + timedelta(minutes=1)):
        written("UPDATE holders_connection SET created_at = %s", timezone.now())
        assert connections.pair(sender=sender, code=code) is None


def test_a_connection_that_was_deleted_is_not_inserted_again_with_another_day(sender, resident):  # noqa: F811
    made = accepted(resident)
    sql("CREATE TEMP TABLE kept AS SELECT * FROM holders_connection")
    written("DELETE FROM holders_connection")
    written("UPDATE kept SET created_at = created_at + interval '8 days'")
    written("INSERT INTO holders_connection SELECT * FROM kept")
    with scope(resident=resident.pk):
        assert not Connection.objects.filter(pk=made.pk, created_at__gt=made.created_at).exists()


# 2. Codes of a group


@pytest.mark.parametrize("joined", [True, False])
def test_the_author_makes_no_second_list_of_codes_once_the_campaign_is_approved(resident, joined):
    campaign = given.grouped()
    [code, *_others] = group.invite(campaign=campaign, by=campaign.created_by)
    if joined:
        group.join(resident_id=resident.pk, by=resident.pk, campaign=campaign, code=code)
    written("DELETE FROM contributions_invitation")
    with pytest.raises(group.NotNow):
        group.invite(campaign=campaign, by=campaign.created_by)


# 3. A session that was said to have ended


def test_a_session_is_not_said_to_have_ended_while_its_row_names_somebody_else(resident, stranger):
    client = signed_in(resident)
    [session] = Session.objects.filter(user=resident)
    written("UPDATE accounts_session SET user_id = %s", stranger.pk)
    with suppress(Forged):
        accounts.end_session(session=session)
    written(
        "INSERT INTO accounts_session (id, key_hash, user_id, data, started_at, last_seen_at, device, mac)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
        session.pk,
        session.key_hash,
        resident.pk,
        session.data,
        session.started_at,
        session.last_seen_at,
        session.device,
        session.mac,
    )
    assert not is_in(client)


# 4. Corrections


@pytest.fixture
def waiting(resident, kinds):  # noqa: F811
    """A request of which two lines are to be corrected."""
    office = opened_office()
    claire = member(office, "Claire Morvan")
    row = sent(resident, office)
    actions.take(request=row, place=claire)
    for line in (PAPER, QUOTIENT):
        actions.ask_correction(request=fresh(row), place=claire, line=line, fault=Fault.OUTDATED, message="Récent.")
    return row


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE requests_correction SET answer_by = '2020-01-01'",
        "UPDATE requests_correction SET answered_at = now()",
        "DELETE FROM requests_correction",
    ],
)
def test_a_clock_stands_still_though_its_corrections_look_answered_or_late(waiting, attack, caplog):
    written(attack)
    answering.follow()
    assert fresh(waiting).state == State.CORRECTION
    assert not [record for record in caplog.records if record.exc_info and record.exc_info[0] is ValueError]


# 5. Reviewers of a label


@pytest.fixture
def opined(owner, one, label):  # noqa: F811
    """A request that one agent reviewed, that another took over, reviewed again and has an opinion of."""
    first, second = AgentFactory(), AgentFactory()
    request = filled(owner, one)
    label_requests.submit(request=request, by=owner)
    label_requests.take(request=request, by=first)
    criterion = request.charter.criteria.get(code="C01")
    label_requests.review(
        request=request, by=first, criterion=criterion, verdict=Verdict.NOT_MET, text="Il manque tout."
    )
    label_requests.take_over(request=request, by=second)
    label_requests.review(request=request, by=second, criterion=criterion, verdict=Verdict.MET, text="")
    reviewed(request, second)
    label_requests.propose(request=request, by=second, favourable=True, opinion="Oui.", months=6)
    request.refresh_from_db()
    return request, first


@pytest.mark.parametrize(
    "attack",
    [
        "SET former_agents = '[]'",
        "SET request_id = (SELECT id FROM labels_labelrequest WHERE id <> request_id LIMIT 1)",
    ],
)
@pytest.mark.parametrize("step", ["refuse", "send_back"])
def test_whoever_reviewed_neither_refuses_nor_sends_back_though_the_reviews_name_others(opined, attack, step):
    request, first = opined
    written(f"UPDATE labels_review {attack} WHERE request_id = %s", request.pk)
    more = {"refuse": {"reasons": "Non.", "remedies": "Tout."}, "send_back": {"text": "Encore."}}[step]
    with pytest.raises((Forged, NotTwo, label_requests.Incomplete)):
        getattr(label_requests, step)(request=request, by=first, **more)
    fresh_one = type(request).objects.get(pk=request.pk)
    assert fresh_one.state == request.state
