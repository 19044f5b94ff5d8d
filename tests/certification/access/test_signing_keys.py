"""Another key signs id_tokens without a restart: it is published before, and the former one for a while after."""

from datetime import timedelta

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import DatabaseError, transaction
from django.test import Client as Browser
from django.utils import timezone
from joserfc import jws

from certification.access.enums import Environment
from certification.access.models import ServerKeys, keys
from tests.accounts.factories import signed_in
from tests.certification.access.program import connected

pytestmark = pytest.mark.django_db(transaction=True)
JWKS = "/oauth/jwks"


@pytest.fixture(autouse=True)
def fresh():
    """Begin as a process that has read nothing, and leave nothing read."""
    forget()
    yield
    forget()


def forget():
    keys._last_read.clear()
    keys._pairwise.cache_clear()


def kids(address=JWKS):
    return [one["kid"] for one in Browser().get(address).json()["keys"] if one["alg"] == "RS256"]


def signed_by(token):
    """Return the name of the key by which an id_token is signed."""
    return jws.extract_compact(token["id_token"].encode()).headers()["kid"]


def later(**by):
    return time_machine.travel(timezone.now() + timedelta(**by), tick=False)


def test_a_new_key_is_published_signs_two_hours_later_and_the_former_one_stays_a_day():
    [former] = kids()
    new = keys.rotate()
    with later(minutes=1, seconds=1):
        assert kids() == [former, new], "this process looked again; the one that signs is first"
        assert keys.kid_of(keys.signing_key(), keys.RS256) == former
    with later(hours=2, seconds=1):
        assert kids() == [new, former]
        assert keys.kid_of(keys.signing_key(), keys.RS256) == new
    with later(hours=26, seconds=1):
        assert kids() == [new]


def test_an_id_token_from_before_is_verified_after(session, browser):
    kid = signed_by(connected(session, browser))
    keys.rotate()
    with later(hours=3):
        assert kid in kids() and kids()[0] != kid


def test_a_process_that_has_read_the_former_key_signs_with_the_new_one(session, browser, tenant):
    first = signed_by(connected(session, browser))
    new = keys.rotate()
    with later(hours=2, minutes=2):
        assert signed_by(connected(session, signed_in(tenant))) == new != first


def test_a_key_that_somebody_may_have_seen_is_forgotten_at_once():
    [former] = kids()
    new = keys.rotate(at_once=True)
    with later(minutes=1, seconds=1):
        assert kids() == [new] != [former]


def test_one_key_waits_at_a_time_unless_it_is_urgent():
    kids()
    call_command("rotate_signing_key")
    with pytest.raises(CommandError, match="already"):
        call_command("rotate_signing_key")
    call_command("rotate_signing_key", "--at-once")
    with later(minutes=2):
        assert len(kids()) == 1


def test_the_sandbox_has_its_own_and_names_at_services_stay(resident, label):
    before, [live] = keys.pairwise(label.service_id, resident.pk), kids()
    [own] = kids("/bac-a-sable/oauth/jwks")
    call_command("rotate_signing_key", "--sandbox")
    keys.rotate(Environment.LIVE)
    forget()
    with later(minutes=2):
        assert kids()[0] == live and len(kids()) == 2
        assert kids("/bac-a-sable/oauth/jwks")[0] == own
        assert keys.pairwise(label.service_id, resident.pk) == before


def test_a_row_that_is_gone_changes_nothing_in_a_process_that_has_read_it():
    [known] = kids()
    ServerKeys.objects.all().delete()
    with later(minutes=5):
        assert kids() == [known]


def test_a_key_that_somebody_saw_does_not_come_back_and_the_servers_do_not_swap_theirs():
    for environment in Environment:
        keys.signing_key(environment)
    former = dict(ServerKeys.objects.values_list("pk", "protected"))
    keys.rotate(at_once=True)
    for stolen in former.values():
        with pytest.raises(DatabaseError), transaction.atomic():
            ServerKeys.objects.filter(pk=keys.ROWS[Environment.LIVE]).update(protected=stolen)
    ServerKeys.objects.filter(pk=keys.ROWS[Environment.LIVE]).delete()
    with pytest.raises(DatabaseError), transaction.atomic():
        ServerKeys.objects.create(
            pk=keys.ROWS[Environment.LIVE], protected=former[keys.ROWS[Environment.LIVE]], made_at=timezone.now()
        )
