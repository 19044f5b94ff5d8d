"""Whoever kept a copy of rows under the city's key, and puts them back as they once were, obtains nothing.

tests/attacks/test_rows_put_back.py has those of a vault that a head follows, test_accounts_put_back.py those of
accounts.
"""

from contextlib import contextmanager, suppress

import psycopg
import pytest
from authlib.integrations.base_client import OAuthError
from django.conf import settings
from django.db import DatabaseError, IntegrityError, transaction
from django.test import Client as Browser
from django.urls import reverse

from accounts.models import Organisation
from certification.access.actions import clients
from certification.developers.actions import outbox, webhooks
from certification.developers.models import Endpoint
from certification.labels.actions import labels
from core import rows
from core.models import City, CityKey
from core.models.rows import mac_of
from core.rows import Forged
from tests.accounts.factories import AgentFactory, ResidentFactory
from tests.attacks.test_rows_put_back import kept, put_back, sql
from tests.certification.access.conftest import browser, developer, registered, session, tenant  # noqa: F401 - fixtures
from tests.certification.access.program import asking, called, connected, consented, exchange, program, pushed
from tests.certification.access.test_lots import body_of, card, key, library, send, sender, token  # noqa: F401 - fixtures
from tests.certification.conftest import house, label, one, owner  # noqa: F401 - fixtures
from tests.certification.made import PARTS
from tests.vault.urgent import held, offered, opened
from vault.holders.actions import senders
from vault.records.actions import grants
from vault.sharing.actions import emergency

pytestmark = pytest.mark.django_db
FIELDS = "/api/v1/me/fields"
TOKEN = f"{settings.SITE_URL}/oauth/token"


@contextmanager
def tried():
    """Whether the database refuses a row or the portal does, who put it back obtains nothing."""
    with suppress(DatabaseError), transaction.atomic():
        yield


def give_up(label, owner, agent):  # noqa: F811 - fixtures, here and below
    labels.renounce(label=label, by=owner)


def suspend(label, owner, agent):  # noqa: F811
    labels.suspend(label=label, by=agent, reasons="Une faille.")


@pytest.mark.parametrize("end", [suspend, give_up])
def test_a_label_that_ended_and_was_put_back_allows_no_reading(session, browser, owner, label, end):  # noqa: F811
    access = connected(session, browser, items=[PARTS])["access_token"]
    [former] = kept("labels_label")["labels_label"]
    end(label, owner, AgentFactory())
    with tried():
        sql("UPDATE labels_label SET suspended_at = NULL, renounced_at = NULL, mac = %s", former["mac"])
    assert called(access, FIELDS).status_code in {401, 403}


def test_a_used_code_put_back_is_exchanged_no_more(session, browser):  # noqa: F811
    way = consented(session, browser)
    copy = kept("access_authorizationcode")
    assert exchange(session, way)
    put_back(copy)
    with pytest.raises(OAuthError):
        exchange(session, way)


def test_a_refresh_token_that_was_used_and_put_back_serves_no_more(session, browser):  # noqa: F811
    first = connected(session, browser, items=[PARTS])["refresh_token"]
    [former] = kept("access_refreshtoken")["access_refreshtoken"]
    session.refresh_token(TOKEN, refresh_token=first)
    with tried():
        sql("UPDATE access_refreshtoken SET revoked = NULL, mac = %s WHERE id = %s", former["mac"], former["id"])
    with pytest.raises(OAuthError):
        session.refresh_token(TOKEN, refresh_token=first)


def test_a_deleted_access_token_put_back_reads_nothing(session, browser):  # noqa: F811
    tokens = connected(session, browser, items=[PARTS])
    copy = kept("access_accesstoken")
    session.refresh_token(TOKEN, refresh_token=tokens["refresh_token"])
    assert called(tokens["access_token"], FIELDS).status_code == 401
    put_back(copy)
    assert called(tokens["access_token"], FIELDS).status_code == 401


def test_the_retired_secret_of_a_program_put_back_proves_nothing(registered, developer):  # noqa: F811
    client, secret = registered
    copy = kept("access_client")
    former = client.secrets[0].id
    clients.add_secret(client=client, by=developer)
    client.refresh_from_db()
    clients.revoke_secret(client=client, by=developer, secret_id=former)
    put_back(copy)
    thief = program(client, secret)
    assert pushed(thief, asking(thief)).status_code == 401
    with pytest.raises(OAuthError):
        thief.refresh_token(TOKEN, refresh_token="any")


def test_a_sender_that_ended_and_was_put_back_sends_no_lot(sender, token):  # noqa: F811
    copy = kept("holders_sender")
    senders.end(sender=sender, by=AgentFactory(manages_agents=True))
    put_back(copy)
    assert send(token, body_of(card("nobody"))).status_code in {401, 403}


def test_a_deleted_address_of_a_program_put_back_is_called_no_more(registered, developer, settings):  # noqa: F811
    settings.OUTGOING_ALLOWED = ["127.0.0.1:9"]
    made, _secret = webhooks.add(
        client=registered[0], by=developer, url="https://127.0.0.1:9/", events=["consent.given"]
    )
    copy = kept("developers_endpoint")
    webhooks.delete(endpoint=made, by=developer)
    put_back(copy)
    outbox.publish()
    assert not Endpoint.objects.exists()


def test_the_former_telephone_of_the_city_put_back_is_shown_to_nobody():
    city = City.current()
    city.of_name, city.phone = "de Villebrume", "04 11 11 11 11"
    city.save()
    copy = kept("core_city")
    city.phone = "04 22 22 22 22"
    city.save()
    put_back(copy)
    assert "04 11 11 11 11" not in Browser().get(reverse("home")).content.decode()
    assert City.current().phone == "04 22 22 22 22"


def test_a_closed_organisation_put_back_stays_closed():
    place = Organisation.objects.create(name="CCAS")
    copy = kept("accounts_organisation")
    place.is_active = False
    place.save()
    put_back(copy)
    assert not Organisation.objects.get().is_active


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM sharing_emergencyaccess",
        "UPDATE sharing_emergencyaccess SET created_at = '2020-01-01'",
        "UPDATE sharing_emergencyaccess SET resident_id = gen_random_uuid()",
        "UPDATE records_grant SET stopped_at = ends_at",
    ],
)
def test_the_day_of_rest_after_a_stopped_urgent_access_is_not_shortened(change):
    offered()
    first, second, resident = AgentFactory(), AgentFactory(), ResidentFactory()
    access = opened(first, second, resident)
    grants.stop(grant=held(access), by=resident.pk)
    with tried():
        sql(change)
    with pytest.raises((emergency.TooSoon, Forged)):
        opened(AgentFactory(), AgentFactory(), resident)


def test_a_row_changed_and_changed_back_by_the_portal_is_believed():
    place = Organisation.objects.create(name="CCAS")
    for _time in range(3):
        place.is_active = not place.is_active
        place.save()
    Organisation.objects.update(is_active=True)
    assert Organisation.objects.get().is_active


CLOSE = "UPDATE accounts_organisation SET is_active = %s, mac = %s WHERE id = %s"


@pytest.mark.parametrize(
    "attack",
    [
        "DELETE FROM core_written",
        "UPDATE core_written SET until = '2020-01-01'",
        "UPDATE core_written SET name = 'another'",
        "TRUNCATE core_written",
        "ALTER TABLE accounts_organisation DISABLE TRIGGER USER",
        "SET session_replication_role = replica",
        "UPDATE accounts_organisation SET id = gen_random_uuid()",
    ],
)
def test_the_portal_s_role_forgets_nothing_that_was_written_and_puts_no_row_aside(attack):
    Organisation.objects.create(name="CCAS")
    with pytest.raises(DatabaseError), transaction.atomic():
        sql(attack)


@pytest.mark.django_db(transaction=True)
def test_a_transaction_from_before_the_change_puts_nothing_back(databases):
    """Its snapshot does not see that the former row was written."""
    place = Organisation.objects.create(name="CCAS")
    [former] = kept("accounts_organisation")["accounts_organisation"]
    with psycopg.connect(databases.url("web")) as old:
        old.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        assert old.execute("SELECT count(*) FROM accounts_organisation").fetchone() == (1,)
        place.is_active = False
        place.save()
        databases.admin.execute("DELETE FROM accounts_organisation")
        names = ", ".join(former)
        with pytest.raises(psycopg.Error):
            old.execute(
                f"INSERT INTO accounts_organisation ({names}) VALUES ({', '.join(['%s'] * len(former))})",
                [*former.values()],
            )
    assert not Organisation.objects.exists()


def test_a_row_of_before_salts_is_refused_once_the_others_have_one():
    """A copy from before the upgrade has a MAC without a salt, which nobody wrote down."""
    place = Organisation.objects.create(name="CCAS")
    sql(CLOSE, True, mac_of(place, salt=b""), place.pk)
    with pytest.raises(Forged):
        Organisation.objects.get()


def test_what_the_signing_has_done_is_not_put_back(may_sign):
    """A former state would have `rows sign` believe rows again."""
    former, place = CityKey.objects.get().protected, Organisation.objects.create(name="CCAS")
    state = rows.read_state()
    rows.note_signed(state.word, [])
    with pytest.raises(IntegrityError), transaction.atomic():
        sql("UPDATE core_citykey SET protected = %s", former)
    assert Organisation.objects.get() == place
