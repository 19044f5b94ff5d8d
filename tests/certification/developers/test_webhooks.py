"""Webhooks: an address answers a challenge, then gets each event, signed, until it has it; and never a value."""

import json
import socket
from datetime import timedelta
from uuid import uuid4

import pytest
import time_machine
from django.core import mail
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection, transaction
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone
from django_scopes import scope

from accounts.actions import closing
from accounts.models import PublisherRole
from certification.access.actions import clients, pseudonyms
from certification.access.enums import Environment
from certification.developers.actions import outbox, webhooks
from certification.developers.enums import DeliveryState, EndpointState, EventType
from certification.developers.models import Delivery, Endpoint, Event
from certification.developers.models.webhooks import KEEPER, PURPOSE
from certification.labels.actions import labels, withdrawing
from certification.labels.enums import Change
from certification.labels.models import Service
from core import outgoing
from core.database import locks
from core.keys import protect
from core.models.rows import Forged, by_city, mac_of
from tests.accounts.factories import AgentFactory, signed_in
from tests.at_once import while_at
from tests.certification.access.program import BACK, body, program
from tests.certification.developers.played import basic, connected
from tests.certification.developers.receiver import listening
from tests.certification.made import INCOME, PARTS, SIRETS, given, member, publisher, version_of
from tests.outside import Page, redirect, running
from tests.vault.made import add_signed_notice
from tests.vault.shown import main
from vault.records import gate
from vault.records.actions import grants
from vault.records.enums import Happened
from vault.sharing.models import ErasureRequest

pytestmark = pytest.mark.django_db(transaction=True)
ALL = [one.value for one in EventType.chosen()]


@pytest.fixture(autouse=True)
def sent(monkeypatch):
    """Keep the tasks that would go to a worker; the tests run them."""
    tasks: list[tuple[str, ...]] = []

    def send(*task: str) -> bool:
        tasks.append(task)
        return True

    monkeypatch.setattr(outbox, "send", send)
    return tasks


@pytest.fixture
def receiver(settings):
    with listening() as found:
        settings.OUTGOING_ALLOWED = [f"127.0.0.1:{found.port}"]
        yield found


@pytest.fixture
def registered(label, developer):
    client, secret = clients.register(
        service=label.service, by=developer, environment=Environment.LIVE, redirect_uris=[BACK]
    )
    return client, secret


@pytest.fixture
def endpoint(registered, developer, receiver):
    """An address in service."""
    made, receiver.secret = webhooks.add(client=registered[0], by=developer, url=receiver.url, events=ALL)
    webhooks.prove(endpoint_id=made.pk)
    made.refresh_from_db()
    assert made.state == EndpointState.ACTIVE
    return made


@pytest.fixture
def tenant(resident):
    add_signed_notice(resident)
    return resident


def run_due():
    outbox.publish()
    for pk in list(Delivery.objects.due().order_by("event__position").values_list("pk", flat=True)):
        webhooks.deliver(delivery_id=pk)


def asked(registered, after=0):
    client, secret = registered
    return Browser().get(f"/api/v1/events?after={after}", headers=basic(client.client_id, secret))


# What is told


def test_an_agreement_given_paused_and_stopped_is_told_by_ids_alone(endpoint, receiver, label, tenant):
    grant = given(tenant, version_of(label), INCOME)
    run_due()
    grants.pause(grant=grant, by=tenant.pk)
    run_due()
    grants.stop(grant=grant, by=tenant.pk)
    run_due()
    assert receiver.types == ["consent.given", "consent.changed", "consent.withdrawn"]
    assert receiver.forged == 0
    sub = pseudonyms.sub_of(label.service_id, tenant.pk)
    for _id, event in receiver.received:
        assert event["data"].keys() <= {"grant", "purpose", "sub", "ends_at", "environment", "change"}
        assert (event["data"]["sub"], event["data"]["grant"]) == (sub, str(grant.pk))
        assert "12312" not in json.dumps(event) and str(tenant.pk) not in json.dumps(event)
        assert event["data"]["environment"] == "live"


def test_an_agreement_that_replaces_another_is_one_change_and_no_withdrawal(endpoint, receiver, label, tenant):
    first = given(tenant, version_of(label), INCOME)
    second = given(tenant, version_of(label), INCOME, PARTS)
    run_due()
    assert receiver.types == ["consent.given", "consent.changed"]
    told = receiver.received[1][1]["data"]
    assert (told["grant"], told["former"], told["change"]) == (str(second.pk), str(first.pk), "replaced")


def test_what_was_read_is_to_be_erased_after_a_stop(endpoint, receiver, label, tenant):
    grant = given(tenant, version_of(label), INCOME, PARTS)
    gate.read(grant=grant, fields=[INCOME])
    grants.stop(grant=grant, by=tenant.pk)
    run_due()
    assert receiver.types == ["consent.given", "consent.withdrawn", "erasure.requested"]
    told = receiver.received[2][1]["data"]
    with scope(resident=tenant.pk):
        request = ErasureRequest.objects.get()
    assert (told["erasure"], told["grant"]) == (str(request.pk), str(grant.pk))
    assert told["due_at"] == request.due_at.isoformat() and INCOME not in json.dumps(told)


def test_a_line_that_is_taken_out_is_a_change_that_names_it(endpoint, receiver, label, tenant):
    grant = given(tenant, version_of(label), INCOME, PARTS)
    grants.take_out(grant=grant, by=tenant.pk, line=PARTS)
    run_due()
    assert receiver.types == ["consent.given", "consent.changed"]
    told = receiver.received[1][1]["data"]
    assert (told["change"], told["removed"]) == ("narrowed", [PARTS])


def test_a_grant_that_the_service_gives_back_is_a_withdrawal(endpoint, receiver, label, tenant):
    grant = given(tenant, version_of(label), INCOME)
    grants.give_back(grant=grant, by=label.service_id)
    run_due()
    assert receiver.types == ["consent.given", "consent.withdrawn"]


def test_agreeing_again_after_a_stop_tells_both(endpoint, receiver, label, tenant):
    grants.stop(grant=given(tenant, version_of(label), INCOME), by=tenant.pk)
    given(tenant, version_of(label), INCOME)
    run_due()
    assert receiver.types == ["consent.given", "consent.withdrawn", "consent.given"]


def test_an_event_is_undone_with_what_it_tells(endpoint, label, tenant):
    grant = given(tenant, version_of(label), INCOME)

    class Undone(Exception):
        pass

    with pytest.raises(Undone), transaction.atomic():
        with scope(resident=tenant.pk):
            grants.note(grant, Happened.PAUSED, timezone.now())
        assert Event.objects.count() == 2
        raise Undone
    assert Event.objects.count() == 1


def test_a_suspension_and_its_end_are_told(endpoint, receiver, label):
    first, second = AgentFactory(), AgentFactory()
    labels.suspend(label=label, by=first, reasons="Une faille.")
    run_due()
    change = labels.propose_change(label=label, by=first, what=Change.LIFT, reasons="Réparée.")
    labels.decide_change(change=change, by=second, agree=True)
    run_due()
    run_due()
    assert receiver.types == ["label.suspended", "label.lifted"]
    assert receiver.received[0][1]["data"]["label"] == label.number


def test_a_withdrawn_label_is_told_with_its_final_code_then_each_end_and_what_to_erase(
    endpoint, receiver, label, tenant
):
    grant = given(tenant, version_of(label), INCOME)
    gate.read(grant=grant, fields=[INCOME])
    change = labels.propose_change(label=label, by=AgentFactory(), what=Change.WITHDRAW, reasons="Il revend.")
    labels.answer_change(change=change, by=label.accepted_by, text="Non.")
    change.refresh_from_db()
    labels.decide_change(change=change, by=AgentFactory(), agree=True)
    run_due()
    withdrawing.end_grants()
    run_due()
    assert receiver.types == ["consent.given", "label.withdrawn", "consent.withdrawn", "erasure.requested"]
    withdrawn, ended = (receiver.received[place][1]["data"] for place in (1, 2))
    assert (withdrawn["label"], withdrawn["code"]) == (label.number, "label_withdrawn")
    assert (ended["grant"], ended["code"]) == (str(grant.pk), "label_withdrawn")


def test_every_moment_that_is_told_is_in_utc(endpoint, receiver, registered, label, tenant):
    given(tenant, version_of(label), INCOME)
    run_due()
    [(_id, told)], [listed] = receiver.received, body(asked(registered))["events"]
    for moment in (told["timestamp"], told["data"]["ends_at"], listed["timestamp"], listed["data"]["ends_at"]):
        assert moment.endswith("+00:00")


def test_a_test_event_goes_to_its_address_alone_and_counts_as_no_event(endpoint, receiver, registered, developer):
    page, hers = reverse("developers:webhook", args=[registered[0].client_id, endpoint.pk]), signed_in(developer)
    assert "Envoyer un événement d’essai" in main(hers.get(page))
    for _time in range(2):
        assert "Nous envoyons l’essai" in main(hers.post(f"{page}essai/", follow=True)), "one is on its way at most"
    run_due()
    assert receiver.types == ["endpoint.test"] and receiver.forged == 0
    assert receiver.received[0][1]["data"] == {"environment": "live"}
    assert "endpoint.test" in main(hers.get(page))
    assert body(asked(registered))["events"] == []
    with pytest.raises(ValidationError):
        webhooks.add(client=registered[0], by=developer, url=f"{endpoint.url}/2", events=["endpoint.test"])
    endpoint.stopped_at = timezone.now()
    endpoint.save()
    assert "pas en service" in main(hers.post(f"{page}essai/", follow=True))
    assert "Envoyer un événement d’essai" not in main(hers.get(page))


def test_a_receiver_that_never_answers_delays_its_own_events_alone(
    endpoint, receiver, registered, developer, settings, label, tenant
):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        settings.OUTGOING_ALLOWED = [*settings.OUTGOING_ALLOWED, f"127.0.0.1:{port}"]
        url = f"http://127.0.0.1:{port}/"
        deaf, _secret = webhooks.add(client=registered[0], by=developer, url=url, events=ALL)
        deaf.proved_at = timezone.now()
        deaf.save()
        given(tenant, version_of(label), INCOME)
        outbox.publish()
        for pk in Delivery.objects.due().values_list("pk", flat=True):
            webhooks.deliver(delivery_id=pk, sender=outgoing.Client(total_seconds=0.3))
    late, sent = (Delivery.objects.get(endpoint=one) for one in (deaf, endpoint))
    assert (late.state, late.last_problem, late.attempts) == (DeliveryState.WAITING, "slow", 1)
    assert late.next_at > timezone.now() and sent.state == DeliveryState.DONE
    assert receiver.types == ["consent.given"]


def test_only_what_was_chosen_is_told(registered, developer, receiver, label, tenant):
    made, receiver.secret = webhooks.add(
        client=registered[0], by=developer, url=receiver.url, events=["consent.withdrawn"]
    )
    webhooks.prove(endpoint_id=made.pk)
    grants.stop(grant=given(tenant, version_of(label), INCOME), by=tenant.pk)
    run_due()
    assert receiver.types == ["consent.withdrawn"]


def test_another_services_events_are_not_told(endpoint, receiver, granted_label_of_another, tenant):
    given(tenant, version_of(granted_label_of_another), INCOME)
    run_due()
    assert receiver.received == []


def test_what_personas_do_is_told_to_test_programs_alone(endpoint, receiver, label, developer, theirs, played):
    client, secret = clients.register(
        service=label.service, by=developer, environment=Environment.TEST, redirect_uris=[BACK]
    )
    connected(program(client, secret), theirs)
    run_due()
    assert receiver.received == []
    [event] = Event.objects.all()
    assert event.environment == Environment.TEST
    found = Browser().get("/bac-a-sable/api/v1/events", headers=basic(client.client_id, secret))
    assert [one["type"] for one in body(found)["events"]] == ["consent.given"]
    assert Browser().get("/api/v1/events", headers=basic(client.client_id, secret)).status_code == 401


# Deliveries


def test_a_delivery_that_fails_three_times_arrives_at_the_fourth(endpoint, receiver, label, tenant):
    receiver.statuses = [500, 500, 500]
    given(tenant, version_of(label), INCOME)
    outbox.publish()
    delivery = Delivery.objects.get()
    now, pauses = delivery.next_at, []
    for _try in range(4):
        with time_machine.travel(now, tick=False):
            webhooks.deliver(delivery_id=delivery.pk)
            webhooks.deliver(delivery_id=delivery.pk)
            delivery.refresh_from_db()
            pauses.append(delivery.next_at - now)
        now = delivery.next_at + timedelta(seconds=1)
    assert (delivery.state, delivery.attempts, len(receiver.received)) == (DeliveryState.DONE, 4, 4)
    assert len({id for id, _event in receiver.received}) == 1
    assert pauses[0] < pauses[1] < pauses[2]
    assert Endpoint.objects.get().failing_since is None


def test_a_delivery_is_given_up_after_its_last_try(endpoint, receiver, label, tenant, monkeypatch):
    monkeypatch.setattr(webhooks, "PAUSES", (timedelta(seconds=5),))
    receiver.statuses = [500] * 9
    given(tenant, version_of(label), INCOME)
    for hour in range(3):
        with time_machine.travel(timezone.now() + timedelta(hours=hour), tick=False):
            run_due()
    assert Delivery.objects.get().state == DeliveryState.FAILED and len(receiver.received) == 2


def test_an_address_that_fails_for_five_days_is_stopped_and_its_members_are_told_once(
    endpoint, receiver, label, tenant
):
    receiver.statuses = [500] * 99
    given(tenant, version_of(label), INCOME)
    run_due()
    with time_machine.travel(timezone.now() + timedelta(days=5, hours=1), tick=False):
        run_due()
        found = Endpoint.objects.get()
        assert (found.state, found.problem) == (EndpointState.OFF, "failing")
        assert webhooks.notify_stopped() == 1 and webhooks.notify_stopped() == 0
    [letter] = mail.outbox
    assert endpoint.url in letter.body and len(letter.to) == 2
    given(tenant, version_of(label), INCOME, PARTS)
    run_due()
    assert len(receiver.received) == 2


def test_an_address_that_is_gone_is_stopped_at_once(endpoint, receiver, label, tenant):
    receiver.statuses = [410]
    given(tenant, version_of(label), INCOME)
    run_due()
    assert (Endpoint.objects.get().state, Endpoint.objects.get().problem) == (EndpointState.OFF, "gone")


def test_an_event_is_sent_again_by_hand(endpoint, receiver, label, tenant, theirs, registered):
    given(tenant, version_of(label), INCOME)
    run_due()
    delivery = Delivery.objects.get()
    parts = [registered[0].client_id, endpoint.pk]
    assert "Renvoyer" in main(theirs.get(reverse("developers:webhook", args=parts)))
    theirs.post(reverse("developers:replay", args=[*parts, delivery.pk]))
    webhooks.deliver(delivery_id=delivery.pk)
    ids = [id for id, _event in receiver.received]
    assert len(ids) == 2 and len(set(ids)) == 1


def test_a_lost_workers_delivery_is_taken_up_again(endpoint, receiver, label, tenant, monkeypatch):
    given(tenant, version_of(label), INCOME)
    outbox.publish()
    delivery = Delivery.objects.get()
    with monkeypatch.context() as patch:
        patch.setattr(webhooks, "_post", lambda *_: (_ for _ in ()).throw(SystemExit))
        with pytest.raises(SystemExit):
            webhooks.deliver(delivery_id=delivery.pk)
    webhooks.deliver(delivery_id=delivery.pk)
    assert receiver.received == []
    with time_machine.travel(timezone.now() + webhooks.LEASE + timedelta(seconds=1), tick=False):
        assert webhooks.send_due() == 1
        webhooks.deliver(delivery_id=delivery.pk)
    assert len(receiver.received) == 1


def test_a_message_goes_out_when_somebody_listens(sent, endpoint, label, tenant):
    sent.clear()
    given(tenant, version_of(label), INCOME)
    assert sent == [(outbox.PUBLISH,)]
    outbox.publish()
    assert sent[1:] == [(outbox.DELIVER, str(Delivery.objects.get().pk))]


def test_a_signature_by_another_secret_is_refused_by_the_library(endpoint, receiver, label, tenant):
    receiver.secret = "whsec_" + "QUJD" * 11
    given(tenant, version_of(label), INCOME)
    run_due()
    assert receiver.forged == 1 and Delivery.objects.get().last_status == 401


# Two secrets


def test_two_secrets_sign_for_a_week_then_the_new_one_alone(endpoint, receiver, developer, label, tenant):
    """The library that verifies knows one secret: the former, then the new one."""
    grant, former = given(tenant, version_of(label), INCOME), receiver.secret
    new = webhooks.replace_secret(endpoint=endpoint, by=developer)
    run_due()
    receiver.secret = new
    grants.pause(grant=grant, by=tenant.pk)
    run_due()
    assert (receiver.types, receiver.forged) == (["consent.given", "consent.changed"], 0)
    with pytest.raises(webhooks.TwoSecrets):
        webhooks.replace_secret(endpoint=endpoint, by=developer)
    with time_machine.travel(timezone.now() + webhooks.BOTH_SIGN_FOR, tick=False):
        assert Endpoint.objects.get().signing_secrets == [new]
        assert (webhooks.forget_former_secrets(), webhooks.forget_former_secrets()) == (1, 0)
        assert Endpoint.objects.get().former_secret == ""
    receiver.secret = former


def test_an_address_from_before_two_secrets_is_believed_while_it_has_one(endpoint, monkeypatch):
    """Its MAC covers no second secret, so nobody slips one in."""
    with monkeypatch.context() as before:
        columns = ("client", "url", "secret", "events", "proved_at", "stopped_at")
        before.setattr(Endpoint, "decides", by_city(*columns))
        mac = mac_of(endpoint)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE developers_endpoint SET mac = %s", [mac])
        assert Endpoint.objects.get().signing_secrets == endpoint.signing_secrets
        cursor.execute("UPDATE developers_endpoint SET former_secret = secret, former_until = now()")
    with pytest.raises(Forged):
        Endpoint.objects.get()


def test_a_retired_secret_signs_nothing(endpoint, receiver, developer, label, tenant):
    webhooks.replace_secret(endpoint=endpoint, by=developer)
    webhooks.retire_secret(endpoint=endpoint, by=developer)
    given(tenant, version_of(label), INCOME)
    run_due()
    assert (receiver.types, receiver.forged) == ([], 1)


def test_both_secrets_follow_the_keyring(endpoint, developer):
    webhooks.replace_secret(endpoint=endpoint, by=developer)
    before = Endpoint.objects.get().signing_secrets
    for place, text in list(KEEPER.texts()):
        renewed = protect.protect(protect.unprotect(text, purpose=PURPOSE), purpose=PURPOSE)
        assert KEEPER.replace(place, text, renewed) == 1 and KEEPER.replace(place, text, renewed) == 0
    assert Endpoint.objects.get().signing_secrets == before and len(before) == 2


def test_the_pages_change_a_secret_and_retire_the_former(endpoint, registered, theirs):
    parts = [registered[0].client_id, endpoint.pk]
    replace, retire = (reverse(f"developers:{one}_webhook_secret", args=parts) for one in ("replace", "retire"))
    page = reverse("developers:webhook", args=parts)
    assert "Changer le secret" in main(theirs.get(page)) and "sept jours" in main(theirs.get(replace))
    shown = main(theirs.post(replace))
    assert Endpoint.objects.get().signing_secrets[0] in shown
    assert "Deux secrets signent" in main(theirs.get(page))
    assert "déjà deux secrets" in main(theirs.post(replace, follow=True))
    assert "ne signe plus rien" in main(theirs.post(retire, follow=True))
    assert len(Endpoint.objects.get().signing_secrets) == 1


# Addresses


def test_an_address_without_an_answer_to_its_challenge_gets_nothing(registered, developer, receiver, label, tenant):
    receiver.echoes = False
    made, receiver.secret = webhooks.add(client=registered[0], by=developer, url=receiver.url, events=ALL)
    webhooks.prove(endpoint_id=made.pk)
    made.refresh_from_db()
    assert (made.state, made.problem) == (EndpointState.TO_PROVE, "challenge")
    given(tenant, version_of(label), INCOME)
    run_due()
    assert receiver.received == [] and not Delivery.objects.exists()
    receiver.echoes = True
    webhooks.ask_proof(endpoint=made, by=developer)
    webhooks.prove(endpoint_id=made.pk)
    made.refresh_from_db()
    assert made.state == EndpointState.ACTIVE


@pytest.mark.parametrize(
    ("name", "addresses"),
    [
        ("127.0.0.1", ["127.0.0.1"]),
        ("[::1]", ["::1"]),
        ("169.254.169.254", ["169.254.169.254"]),
        ("10.1.2.3", ["10.1.2.3"]),
        ("interne.example", ["192.168.1.1"]),
        ("mixte.example", ["93.184.215.14", "10.0.0.1"]),
    ],
)
def test_an_address_inside_the_city_is_refused(registered, developer, name, addresses):
    sender = outgoing.Client(resolve=lambda host, port: addresses)
    with pytest.raises(ValidationError, match="réseau privé"):
        webhooks.add(client=registered[0], by=developer, url=f"https://{name}/", events=ALL, sender=sender)
    assert not Endpoint.objects.exists()


@pytest.mark.parametrize("url", ["http://exemple.example/", "https://exemple.example:8443/", "https://a:b@x.example/"])
def test_an_address_that_is_not_plain_https_is_refused(registered, developer, url):
    sender = outgoing.Client(resolve=lambda host, port: ["93.184.215.14"])
    with pytest.raises(ValidationError, match="adresse https complète"):
        webhooks.add(client=registered[0], by=developer, url=url, events=ALL, sender=sender)


def test_a_name_that_turns_inside_later_is_not_called(registered, developer, settings):
    """The name is public when it is declared, and of this machine when the challenge leaves."""
    with running() as site:
        site.pages["*"] = Page("?")
        public = outgoing.Client(resolve=lambda host, port: ["93.184.215.14"])
        made, _secret = webhooks.add(
            client=registered[0], by=developer, url="https://tourne.example/", events=ALL, sender=public
        )
        webhooks.prove(endpoint_id=made.pk, sender=outgoing.Client(resolve=lambda host, port: ["127.0.0.1"]))
        made.refresh_from_db()
        assert (made.state, made.problem) == (EndpointState.TO_PROVE, "private") and site.received == []


def test_a_redirection_is_not_followed(registered, developer, settings):
    with running() as site, running() as inside:
        settings.OUTGOING_ALLOWED = [site.allowed, inside.allowed]
        site.pages["*"] = redirect(inside.url(host="127.0.0.1"))
        made, _secret = webhooks.add(client=registered[0], by=developer, url=site.url(host="127.0.0.1"), events=ALL)
        webhooks.prove(endpoint_id=made.pk)
        made.refresh_from_db()
        assert made.state == EndpointState.TO_PROVE and inside.received == []


def test_a_program_has_five_addresses_at_most_and_none_twice(registered, developer):
    sender = outgoing.Client(resolve=lambda host, port: ["93.184.215.14"])

    def add(number):
        url = f"https://x{number}.example/"
        return webhooks.add(client=registered[0], by=developer, url=url, events=ALL, sender=sender)

    for number in range(4):
        add(number)
    with pytest.raises(ValidationError, match="écoute déjà"):
        add(0)
    add(4)
    with pytest.raises(webhooks.TooMany):
        add(5)


def test_another_publishers_member_touches_no_address(endpoint, registered):
    other = member(publisher("Autre", SIRETS[1]), PublisherRole.DEVELOPER)
    for act in (
        lambda: webhooks.add(client=registered[0], by=other, url="https://x.example/", events=ALL),
        lambda: webhooks.ask_proof(endpoint=endpoint, by=other),
        lambda: webhooks.replace_secret(endpoint=endpoint, by=other),
        lambda: webhooks.retire_secret(endpoint=endpoint, by=other),
        lambda: webhooks.delete(endpoint=endpoint, by=other),
    ):
        with pytest.raises(PermissionDenied):
            act()
    browser = signed_in(other)
    parts = [registered[0].client_id, endpoint.pk]
    for name in (
        *("webhook", "prove_webhook", "try_webhook", "delete_webhook"),
        *("replace_webhook_secret", "retire_webhook_secret"),
    ):
        address = reverse(f"developers:{name}", args=parts)
        assert {browser.get(address).status_code, browser.post(address).status_code} <= {404, 405}


def test_a_row_that_somebody_else_wrote_gets_nothing(endpoint, receiver, label, tenant):
    with connection.cursor() as cursor:
        cursor.execute("UPDATE developers_endpoint SET url = 'https://ailleurs.example/'")
    given(tenant, version_of(label), INCOME)
    assert outbox.publish() == 1
    assert receiver.received == [] and not Delivery.objects.exists()


def test_the_secret_is_shown_once_and_kept_under_the_keyring(registered, theirs, receiver):
    address = reverse("developers:new_webhook", args=[registered[0].client_id])
    page = theirs.get(address)
    assert "checked" not in page.content.decode()
    page = theirs.post(address, {"url": receiver.url, "events": ["consent.withdrawn"]})
    [secret] = Endpoint.objects.get().signing_secrets
    assert secret in main(page) and secret not in Endpoint.objects.get().secret
    listed = theirs.get(reverse("developers:webhooks", args=[registered[0].client_id]))
    assert secret not in listed.content.decode() and "À vérifier" in main(listed)


def test_a_wrong_address_is_told_on_the_page(registered, theirs):
    address = reverse("developers:new_webhook", args=[registered[0].client_id])
    page = theirs.post(address, {"url": "https://127.0.0.1/", "events": ["consent.withdrawn"]})
    assert page.status_code == 400 and "réseau privé" in main(page)
    assert theirs.post(address, {"url": "", "events": []}).status_code == 400


def test_an_address_is_taken_away(endpoint, theirs, registered):
    address = reverse("developers:delete_webhook", args=[registered[0].client_id, endpoint.pk])
    assert endpoint.url in main(theirs.get(address))
    theirs.post(address)
    assert not Endpoint.objects.exists()


# Missed events


@pytest.mark.parametrize("deletes", ["the address", "the program"])
@pytest.mark.parametrize("first", ["the deletion", "the numbering"])
def test_an_address_that_is_deleted_while_events_are_numbered_gets_none(
    endpoint, registered, developer, owner, label, tenant, deletes, first
):
    """Neither waits for the other without an end, and neither fails."""
    given(tenant, version_of(label), INCOME)

    def deleted():
        if deletes == "the address":
            webhooks.delete(endpoint=endpoint, by=developer)
        else:
            clients.delete(client=registered[0], by=owner)

    held, other = (deleted, outbox.publish) if first == "the deletion" else (outbox.publish, deleted)
    mark = {"the deletion": 'DELETE FROM "developers_delivery"', "the numbering": 'INSERT INTO "developers_delivery"'}
    while_at(mark[first], held, other)
    assert not Endpoint.objects.exists() and not Delivery.objects.exists()
    assert Event.objects.get().position is not None


def test_missed_events_are_asked_for_by_cursor(registered, label, tenant):
    grant = given(tenant, version_of(label), INCOME)
    outbox.publish()
    first = body(asked(registered))
    assert [one["type"] for one in first["events"]] == ["consent.given"] and not first["more"]
    grants.stop(grant=grant, by=tenant.pk)
    outbox.publish()
    later = body(asked(registered, first["next"]))
    assert [one["type"] for one in later["events"]] == ["consent.withdrawn"]
    assert body(asked(registered, later["next"])) == {"events": [], "next": later["next"], "more": False}
    assert later["events"][0]["data"]["environment"] == "live"


def test_events_come_by_pages(registered, label, monkeypatch):
    now = timezone.now()
    Event.objects.bulk_create(
        Event(service=label.service, environment="live", type="consent.given", at=now, data={}) for _ in range(130)
    )
    outbox.publish()
    first = body(asked(registered))
    assert (len(first["events"]), first["more"]) == (100, True)
    assert len(body(asked(registered, first["next"]))["events"]) == 30


def test_events_are_kept_for_seven_days(registered, label, tenant):
    given(tenant, version_of(label), INCOME)
    outbox.publish()
    with time_machine.travel(timezone.now() + timedelta(days=6, hours=23), tick=False):
        assert outbox.purge() == 0 and body(asked(registered))["events"]
    with time_machine.travel(timezone.now() + timedelta(days=7, hours=1), tick=False):
        assert outbox.purge() and not body(asked(registered))["events"]


def test_numbers_go_on_after_a_purge(registered, label, tenant):
    grant = given(tenant, version_of(label), INCOME)
    outbox.publish()
    last = body(asked(registered))["next"]
    with time_machine.travel(timezone.now() + timedelta(days=8), tick=False):
        assert outbox.purge() == 1 and Event.objects.get().data == {}, "no id of the resident stays"
        assert outbox.purge() == 0
        grants.stop(grant=grant, by=tenant.pk)
        outbox.publish()
        [event] = body(asked(registered, last))["events"]
    assert (event["type"], event["position"]) == ("consent.withdrawn", last + 1)


def test_numbers_say_nothing_of_the_events_of_others(registered, label):
    other = Service.objects.create(
        publisher=label.service.publisher, name="Autre", summary="x", url="https://a.example"
    )
    told = [
        (label.service, "live"),
        (other, "live"),
        (label.service, "test"),
        (other, "live"),
        (label.service, "live"),
    ]
    for number, (service, environment) in enumerate(told):
        at = timezone.now() + timedelta(seconds=number)
        Event.objects.create(service=service, environment=environment, type="consent.given", at=at, data={"a": 1})
        outbox.publish()
    first, second = (one["position"] for one in body(asked(registered))["events"])
    assert second == first + 1


def test_events_need_the_programs_secret(registered):
    for headers in (
        {},
        basic(registered[0].client_id, "gar_live_wrong"),
        basic("x", "y"),
        {"Authorization": "Basic é"},
    ):
        refused = Browser().get("/api/v1/events", headers=headers)
        assert (refused.status_code, body(refused)["code"]) == (401, "invalid_client")
        assert refused["WWW-Authenticate"].startswith("Basic")
    assert body(asked(registered, "hier"))["code"] == "invalid_cursor"


def test_one_publisher_at_a_time_numbers_events(label):
    """A second process finds the lock taken, and leaves the numbers to the first."""
    Event.objects.create(service=label.service, environment="live", type="consent.given", data={})
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [locks.key("events of programs", outbox.LOCK)])
            assert outbox.publish() == 0
            cursor.execute("ROLLBACK")
    finally:
        other.close()
    assert outbox.publish() == 1


def test_a_closed_vault_is_told_as_a_withdrawal(endpoint, receiver, label, tenant):
    given(tenant, version_of(label), INCOME)
    closing.close(user=tenant, by=tenant.pk)
    run_due()
    assert receiver.types[-1] == "consent.withdrawn"


def test_nothing_is_told_of_an_unknown_delivery(sent):
    webhooks.deliver(delivery_id=uuid4())
    webhooks.prove(endpoint_id=uuid4())
    assert not Delivery.objects.exists() and not Endpoint.objects.exists()


def test_an_event_that_somebody_else_wrote_reaches_no_program(registered, endpoint, receiver, label, tenant):
    given(tenant, version_of(label), INCOME)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE developers_event SET type = 'consent.withdrawn'")
    run_due()
    assert not receiver.received
    with connection.cursor() as cursor:
        cursor.execute("UPDATE developers_event SET position = 1")
    assert asked(registered).status_code == 503


def test_a_program_is_not_sent_the_event_of_another_service(endpoint, receiver, label, developer, tenant):
    other = Service.objects.create(
        publisher=label.service.publisher, name="Autre", summary="x", url="https://a.example"
    )
    event = Event.objects.create(service=other, environment="live", type="consent.given", data={"sub": "secret"})
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO developers_delivery (id, endpoint_id, event_id, state, attempts, next_at, last_problem)"
            " VALUES (gen_random_uuid(), %s, %s, 'waiting', 0, now(), '')",
            [endpoint.pk, event.pk],
        )
    for pk in Delivery.objects.due().values_list("pk", flat=True):
        webhooks.deliver(delivery_id=pk)
    assert "secret" not in json.dumps(receiver.received)
