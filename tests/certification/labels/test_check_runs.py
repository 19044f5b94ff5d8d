"""Runs of checks: who asks, what a worker does, what the clock does, and the pages that show it."""

import time
from datetime import timedelta

import pytest
import time_machine
from django.conf import settings
from django.core import mail
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from accounts.actions import places
from accounts.models import PublisherMember
from certification.labels import alarms
from certification.labels import checks as catalogue
from certification.labels.actions import checks, labels, notices, requests
from certification.labels.checks.subject import failed, passed, unsure
from certification.labels.models import CheckResult, CheckRun, ContactProof, Label, SignalAddress
from certification.labels.states import NotNow, State
from certification.labels.tasks import ask_daily_checks, run_checks, send_checks
from config.celery import app
from core.messages import mails
from core.outgoing import Client
from core.rows import Forged
from tests.accounts.factories import AgentFactory, CompanionFactory, ResidentFactory, signed_in
from tests.at_once import at_once
from tests.certification.made import SIRETS, at, filled, labelled, member, publisher, service
from vault.records.enums import Outcome

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def draft(house, owner):
    made = filled(owner, service(owner, house))
    made.refresh_from_db()
    return made


@pytest.fixture
def label(house, owner):
    return labelled(owner, service(owner, house, "Labellisé"))


@pytest.fixture(autouse=True)
def nowhere(monkeypatch):
    """No run of these tests reaches a network, and two criteria answer at once."""
    monkeypatch.setattr(checks, "Client", lambda: Client(resolve=lambda host, port: []))
    monkeypatch.setattr(checks, "_publish", lambda run: True)


@pytest.fixture
def finds(monkeypatch):
    """Make all checks find what a test says: each day of the list, or the same."""

    def say(**found):
        monkeypatch.setattr(catalogue, "codes", lambda: sorted(found))
        monkeypatch.setattr(catalogue, "look", lambda code, subject: found[code])

    say(C09=failed("policy_undated", url="https://a.example/"), C14=passed("tls_modern", version="TLS 1.3", days=40))
    return say


def ran(request, by):
    run = checks.ask(request=request, by=by)
    checks.run(run_id=run.pk)
    run.refresh_from_db()
    return run


# Asking


def test_a_member_asks_and_a_worker_looks_at_each_criterion(draft, owner) -> None:
    run = ran(draft, owner)
    assert (run.state, run.why, run.asked_by) == (CheckRun.State.DONE, CheckRun.Why.PUBLISHER, owner)
    assert list(run.results.values_list("code", flat=True)) == catalogue.codes()
    assert run.results.get(code="C03").outcome == Outcome.PASSED
    assert run.results.get(code="C09").finding == "answer_unknown"


def test_asking_again_answers_with_the_run_that_waits_or_has_just_ended(draft, owner, finds) -> None:
    first = checks.ask(request=draft, by=owner)
    assert checks.ask(request=draft, by=owner) == first
    checks.run(run_id=first.pk)
    assert checks.ask(request=draft, by=owner) == first
    with time_machine.travel(timezone.now() + timedelta(minutes=2)):
        assert checks.ask(request=draft, by=owner) != first


def test_the_database_holds_one_open_run_of_a_request(draft, owner) -> None:
    checks.ask(request=draft, by=owner)
    with pytest.raises(IntegrityError), transaction.atomic():
        CheckRun.objects.create(request=draft, why=CheckRun.Why.PUBLISHER, asked_by=owner)


def test_a_request_has_ten_runs_an_hour(draft, owner, finds) -> None:
    start = timezone.now()
    for number in range(checks.PER_HOUR):
        with time_machine.travel(start + timedelta(minutes=2 * number)):
            ran(draft, owner)
    with time_machine.travel(start + timedelta(minutes=30)), pytest.raises(checks.TooMany):
        checks.ask(request=draft, by=owner)
    with time_machine.travel(start + timedelta(minutes=90)):
        checks.ask(request=draft, by=owner)


@pytest.mark.parametrize("who", ["other publisher", "resident", "companion", "agent of the publisher"])
def test_nobody_else_asks(draft, house, who) -> None:
    people = {
        "other publisher": lambda: member(publisher("Ailleurs", SIRETS[1])),
        "resident": ResidentFactory,
        "companion": CompanionFactory,
        "agent of the publisher": lambda: worked_there(house),
    }
    with pytest.raises(PermissionDenied):
        checks.ask(request=draft, by=people[who]())
    assert not CheckRun.objects.exists()


def worked_there(house):
    agent = AgentFactory()
    PublisherMember.objects.create(person=agent, publisher=house, ended_at=timezone.now())
    return agent


def test_an_agent_asks_of_a_request_that_was_sent(draft, owner, finds) -> None:
    agent = AgentFactory()
    with pytest.raises(PermissionDenied):
        checks.ask(request=draft, by=agent)
    requests.submit(request=draft, by=owner)
    draft.refresh_from_db()
    sent = CheckRun.objects.get()
    assert (sent.why, sent.asked_by) == (CheckRun.Why.SENT, owner)
    checks.run(run_id=sent.pk)
    with time_machine.travel(timezone.now() + timedelta(minutes=2)):
        assert checks.ask(request=draft, by=agent).why == CheckRun.Why.AGENT


# Running


def test_a_run_is_done_once_however_often_its_message_comes(draft, owner, finds, monkeypatch) -> None:
    run = ran(draft, owner)
    before = list(CheckResult.objects.values_list("pk", "at"))
    monkeypatch.setattr(catalogue, "look", lambda code, subject: unsure("our_fault"))
    checks.run(run_id=run.pk)
    assert list(CheckResult.objects.values_list("pk", "at")) == before


def test_a_run_that_another_worker_has_is_left_alone(draft, owner, finds) -> None:
    run = checks.ask(request=draft, by=owner)
    taken = checks._take(run.pk)
    assert taken is not None
    checks.run(run_id=run.pk)
    run.refresh_from_db()
    assert (run.state, run.attempts, run.results.count()) == (CheckRun.State.RUNNING, 1, 0)


def test_two_workers_at_once_look_once(draft, owner, finds, monkeypatch) -> None:
    looked = []

    def look(code, subject):
        looked.append(code)
        time.sleep(0.05)
        return unsure("our_fault")

    monkeypatch.setattr(catalogue, "look", look)
    run = checks.ask(request=draft, by=owner)
    at_once(lambda: checks.run(run_id=run.pk))
    assert sorted(looked) == ["C09", "C14"]
    run.refresh_from_db()
    assert (run.state, run.attempts) == (CheckRun.State.DONE, 1)


def test_two_who_ask_at_once_ask_for_one_run(draft, owner, finds) -> None:
    at_once(lambda: checks.ask(request=draft, by=owner))
    assert CheckRun.objects.count() == 1


def test_workers_and_the_clock_know_the_tasks() -> None:
    app.loader.import_default_modules()
    scheduled = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    assert {checks.TASK, send_checks.name, ask_daily_checks.name} <= app.tasks.keys()
    assert {send_checks.name, ask_daily_checks.name} <= scheduled


def test_a_run_of_a_lost_worker_is_taken_again_three_times_at_most(draft, owner, finds) -> None:
    run = checks.ask(request=draft, by=owner)
    start = timezone.now()
    lost = checks._take(run.pk)
    assert lost is not None
    with time_machine.travel(start + timedelta(minutes=11)):
        assert list(CheckRun.objects.to_take()) == [run]
        checks.run(run_id=run.pk)
    run.refresh_from_db()
    assert (run.state, run.attempts) == (CheckRun.State.DONE, 2)
    # The worker that was thought lost writes nothing any more.
    assert checks._keep(lost, "C14", failed("no_hsts", url="x")) is False
    assert checks._end(lost, CheckRun.State.DROPPED) is False
    CheckRun.objects.filter(pk=run.pk).update(state=CheckRun.State.WAITING, attempts=3)
    checks.run(run_id=run.pk)
    run.refresh_from_db()
    assert run.state == CheckRun.State.DROPPED


def test_who_asked_and_has_left_since_is_not_served(draft, owner, finds) -> None:
    run = checks.ask(request=draft, by=owner)
    places.end(place=PublisherMember.objects.get(person=owner))
    checks.run(run_id=run.pk)
    run.refresh_from_db()
    assert run.state == CheckRun.State.DROPPED and not run.results.exists()


def test_a_request_that_was_dropped_since_is_not_looked_at(draft, owner, finds) -> None:
    run = checks.ask(request=draft, by=owner)
    requests.drop(request=draft, by=owner)
    checks.run(run_id=run.pk)
    run.refresh_from_db()
    assert run.state == CheckRun.State.DROPPED and not run.results.exists()


def test_a_request_that_is_closed_is_not_asked_about(draft, owner) -> None:
    requests.drop(request=draft, by=owner)
    with pytest.raises(NotNow):
        checks.ask(request=draft, by=owner)
    browser = signed_in(owner)
    page = browser.post(at("checks", draft.pk), {"check": "1"}, follow=True).content.decode()
    assert "est déjà close" in page and "Vérifier maintenant" not in page
    assert not CheckRun.objects.exists()


def test_a_check_changes_nothing_of_the_request(draft, owner, finds) -> None:
    before = type(draft).objects.values().get(pk=draft.pk)
    ran(draft, owner)
    assert type(draft).objects.values().get(pk=draft.pk) == before


def test_a_result_that_somebody_else_wrote_is_refused(draft, owner, finds) -> None:
    run = ran(draft, owner)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE labels_checkresult SET outcome = 'passed' WHERE run_id = %s", [run.pk])
    with pytest.raises(Forged):
        list(run.results.all())


def test_a_message_that_was_lost_is_sent_again(draft, owner, finds, monkeypatch) -> None:
    sent = []

    def send(name, arguments, **options):
        sent.append((name, arguments))

    monkeypatch.undo()
    monkeypatch.setattr("certification.labels.actions.checks.current_app.send_task", send)
    run = checks.ask(request=draft, by=owner)
    assert sent == [(checks.TASK, [str(run.pk)])]
    send_checks()
    assert len(sent) == 1
    with time_machine.travel(timezone.now() + timedelta(seconds=31)):
        send_checks()
    assert len(sent) == 2


def test_a_broker_that_is_down_does_not_stop_the_request(draft, owner, monkeypatch) -> None:
    def down(*arguments, **options):
        raise ConnectionRefusedError

    monkeypatch.undo()
    monkeypatch.setattr("certification.labels.actions.checks.current_app.send_task", down)
    run = checks.ask(request=draft, by=owner)
    assert CheckRun.objects.to_send().get() == run
    assert checks.send_lost() == 0


def test_the_task_runs_the_row(draft, owner, finds) -> None:
    run = checks.ask(request=draft, by=owner)
    run_checks(str(run.pk))
    run.refresh_from_db()
    assert run.state == CheckRun.State.DONE


# The clock


def day_of(label, number=0):
    """Let the clock ask, and a worker look, so many days later."""
    with time_machine.travel(timezone.now() + timedelta(days=number)):
        ask_daily_checks()
        for run in CheckRun.objects.to_take().filter(why=CheckRun.Why.DAILY):
            checks.run(run_id=run.pk)
        notices.send_due()
    return CheckRun.objects.filter(request=label.request, why=CheckRun.Why.DAILY).order_by("-asked_at").first()


@pytest.fixture
def settled(label):
    """End the run that followed the sending of the label's request."""
    for run in CheckRun.objects.open():
        checks.run(run_id=run.pk)
    return label


def test_a_label_is_looked_at_each_day_and_once(settled, finds) -> None:
    day_of(settled)
    day_of(settled)
    assert CheckRun.objects.filter(why=CheckRun.Why.DAILY).count() == 1
    day_of(settled, 1)
    assert CheckRun.objects.filter(why=CheckRun.Why.DAILY).count() == 2


def test_what_the_clock_finds_changes_no_label(settled, finds) -> None:
    before = Label.objects.values().get(pk=settled.pk)
    for number in range(4):
        day_of(settled, number)
    assert Label.objects.values().get(pk=settled.pk) == before
    assert Label.objects.in_force().filter(pk=settled.pk).exists()


def test_a_label_that_has_ended_is_not_looked_at(settled, owner, finds) -> None:
    ask_daily_checks()
    labels.renounce(label=settled, by=owner)
    run = CheckRun.objects.get(why=CheckRun.Why.DAILY)
    checks.run(run_id=run.pk)
    run.refresh_from_db()
    assert run.state == CheckRun.State.DROPPED
    day_of(settled, 2)
    assert CheckRun.objects.filter(why=CheckRun.Why.DAILY).count() == 1


def warnings_of(label, number):
    """Return the e-mails that warn of a label after the run of a day."""
    mail.outbox.clear()
    day_of(label, number)
    return [one for one in mail.outbox if "Un service à regarder" in one.subject]


def test_agents_are_told_on_the_third_day_and_once(settled, finds) -> None:
    agent = AgentFactory()
    told = [warnings_of(settled, number) for number in range(5)]
    assert [len(letters) for letters in told] == [0, 0, 1, 0, 0]
    [letter] = told[2]
    assert agent.email in letter.to
    assert "C09" in letter.body and "Labellisé" in letter.subject
    assert "Rien n’a changé pour le service" in letter.body


def test_agents_are_told_at_once_that_a_certificate_has_ended(settled, finds) -> None:
    AgentFactory()
    finds(C14=failed("answer_expired", url="https://a.example/"))
    assert [len(warnings_of(settled, number)) for number in range(2)] == [1, 0]


def test_a_warning_that_did_not_leave_is_tried_again(settled, finds, monkeypatch) -> None:
    AgentFactory()
    notices.send_due()
    finds(C14=failed("answer_expired", url="https://a.example/"))
    with monkeypatch.context() as patch:
        patch.setattr(mails, "send", lambda *_args, **_more: (_ for _ in ()).throw(mails.NotSent))
        with pytest.raises(mails.NotSent):
            day_of(settled)
    mail.outbox.clear()
    assert notices.send_due() == 1 and len(mail.outbox) == 1


def test_what_was_mended_begins_again(settled, finds) -> None:
    told = []
    for number, broken in enumerate([True, True, False, True, True, True]):
        finds(C09=failed("policy_undated", url="x") if broken else passed("policy_whole", sha256="a"))
        told.append(alarms.alarming(day_of(settled, number)))
    assert told == [[], [], [], [], [], ["C09"]]


def test_the_policy_is_compared_with_the_one_seen_before_the_decision(house, owner, finds) -> None:
    finds(C09=passed("policy_whole", sha256="before"))
    request = filled(owner, service(owner, house))
    ran(request, owner)
    from tests.certification.made import reviewed

    requests.submit(request=request, by=owner)
    first = AgentFactory()
    requests.take(request=request, by=first)
    reviewed(request, first)
    requests.propose(request=request, by=first, favourable=True, opinion="Tout est rempli.", months=12)
    request.refresh_from_db()
    request.refresh_from_db()
    assert checks._baseline(request) == ""
    requests.accept(request=request, by=AgentFactory(), reasons="Tout est rempli.")
    finds(C09=passed("policy_whole", sha256="after"))
    for run in CheckRun.objects.open():
        checks.run(run_id=run.pk)
    assert checks._baseline(request) == "before"


# The contact, and the signals


def test_a_contact_is_confirmed_by_who_reads_its_mail(draft, owner, client) -> None:
    checks.send_contact_link(request=draft, by=owner)
    [letter] = mail.outbox
    assert letter.to == ["donnees@loyerjuste.example"]
    link = next(word for word in letter.body.split() if "/editeurs/contact/" in word)
    path = link.removeprefix("http://localhost:8000")
    assert "Lisez-vous le courrier" in client.get(path).content.decode()
    assert ContactProof.objects.get().confirmed_at is None
    assert "est confirmée" in client.post(path).content.decode()
    assert ContactProof.objects.get().confirmed_at is not None
    run = ran(draft, owner)
    assert run.results.get(code="C02").finding == "contact_confirmed"
    requests.describe(
        request=draft,
        by=owner,
        privacy_url=draft.privacy_url,
        hosting="France",
        subprocessors="Aucun",
        data_contact="autre@loyerjuste.example",
        alert_contact="astreinte@loyerjuste.example",
    )
    with time_machine.travel(timezone.now() + timedelta(minutes=2)):
        assert ran(draft, owner).results.get(code="C02").finding == "contact_waits"


def test_a_link_that_is_over_or_changed_confirms_nothing(draft, owner, client) -> None:
    checks.send_contact_link(request=draft, by=owner)
    link = next(word for word in mail.outbox[0].body.split() if "/editeurs/contact/" in word)
    token = link.rstrip("/").rpartition("/")[2]
    for changed in (token[:-2] + "xx", "x", "a:b:c"):
        assert client.post(at("confirm_contact", changed)).status_code == 404
    with time_machine.travel(timezone.now() + timedelta(days=8)):
        assert client.get(at("confirm_contact", token)).status_code == 404
        assert client.post(at("confirm_contact", token)).status_code == 404
    assert ContactProof.objects.get().confirmed_at is None


def test_one_link_an_hour_leaves(draft, owner) -> None:
    checks.send_contact_link(request=draft, by=owner)
    with pytest.raises(checks.TooMany):
        checks.send_contact_link(request=draft, by=owner)
    with time_machine.travel(timezone.now() + timedelta(minutes=61)):
        checks.send_contact_link(request=draft, by=owner)
    assert len(mail.outbox) == 2
    with pytest.raises(PermissionDenied):
        checks.send_contact_link(request=draft, by=member(publisher("Ailleurs", SIRETS[1])))


def test_a_publisher_sends_few_links_to_addresses_of_others(draft, owner, house) -> None:
    for number in range(checks.LINKS):
        draft.data_contact = f"a{number}@elsewhere.example"
        draft.save(update_fields=["data_contact"])
        checks.send_contact_link(request=draft, by=owner)
    other = filled(owner, service(owner, house, "Autre"))
    other.refresh_from_db()
    with pytest.raises(checks.TooMany):
        checks.send_contact_link(request=other, by=owner)


def test_signals_go_where_the_publisher_wrote_with_a_secret_of_the_service(draft, owner, house) -> None:
    checks.set_signal_address(request=draft, by=owner, url="https://a.example/s")
    checks.set_signal_address(request=draft, by=owner, url="https://b.example/s")
    assert SignalAddress.objects.get().url == "https://b.example/s"
    other = service(owner, house, "Autre")
    assert checks.signal_secret(draft.service) != checks.signal_secret(other)
    subject = checks._subject(checks.ask(request=draft, by=owner), Client())
    assert (subject.signal_url, subject.signal_secret) == ("https://b.example/s", checks.signal_secret(draft.service))
    with pytest.raises(PermissionDenied):
        checks.set_signal_address(request=draft, by=AgentFactory(), url="https://c.example/")


# Pages


def test_a_publisher_asks_for_checks_and_reads_them(draft, owner, finds) -> None:
    browser = signed_in(owner)
    page = browser.get(at("checks", draft.pk)).content.decode()
    assert "Aucun contrôle n’a encore eu lieu." in page and "Vérifier maintenant" in page
    assert (
        "Le contrôle est demandé" in browser.post(at("checks", draft.pk), {"check": "1"}, follow=True).content.decode()
    )
    assert "Un contrôle est en cours" in browser.get(at("checks", draft.pk)).content.decode()
    checks.run(run_id=CheckRun.objects.get().pk)
    for url in (at("checks", draft.pk), at("request", draft.pk)):
        page = browser.get(url).content.decode()
        assert "La politique n’a pas de date. Écrivez celle de sa dernière version." in page, url
        assert "1 à corriger" in page.replace("\u00a0", " ")
    assert "TLS 1.3" in browser.get(at("checks", draft.pk)).content.decode()


def test_a_publisher_writes_where_signals_go(draft, owner) -> None:
    browser = signed_in(owner)
    assert "commence par https" in browser.post(at("checks", draft.pk), {"url": "http://a.example"}).content.decode()
    browser.post(at("checks", draft.pk), {"url": "signaux.example/ici"})
    assert SignalAddress.objects.get().url == "https://signaux.example/ici"
    assert "whsec_" in browser.get(at("checks", draft.pk)).content.decode()


def test_a_publisher_sends_the_contacts_link_once_an_hour(draft, owner) -> None:
    browser = signed_in(owner)
    sent = browser.post(at("checks", draft.pk), {"link": "1"}, follow=True).content.decode()
    assert "Le lien est parti à donnees@loyerjuste.example" in sent.replace("\u00a0", " ")
    assert "moins d’une heure" in browser.post(at("checks", draft.pk), {"link": "1"}, follow=True).content.decode()


def test_agents_read_the_same_and_see_it_criterion_by_criterion(draft, owner, finds) -> None:
    ran(draft, owner)
    requests.submit(request=draft, by=owner)
    agent = AgentFactory()
    requests.take(request=draft, by=agent)
    browser = signed_in(agent)
    for url in (at("examine", draft.pk), at("examine_checks", draft.pk), at("review", draft.pk, "C09")):
        assert "La politique n’a pas de date." in browser.get(url).content.decode(), url
    page = browser.get(at("examine_checks", draft.pk)).content.decode()
    assert "whsec_" not in page and "Envoyer le lien" not in page
    with time_machine.travel(timezone.now() + timedelta(minutes=2)):
        CheckRun.objects.open().delete()
        signed_in(agent).post(at("examine_checks", draft.pk))
        assert CheckRun.objects.open().get().why == CheckRun.Why.AGENT


def test_agents_see_which_labels_fail_each_day(settled, finds) -> None:
    day_of(settled)
    browser = signed_in(AgentFactory())
    page = browser.get(at("inbox")).content.decode()
    assert "Contrôles à regarder" in page and "C09" in page
    assert "La politique n’a pas de date." in browser.get(at("follow", settled.pk)).content.decode()
    finds(C09=passed("policy_whole", sha256="a"))
    day_of(settled, 1)
    assert "Contrôles à regarder" not in browser.get(at("inbox")).content.decode()


def test_strangers_and_other_roles_reach_no_page_of_checks(draft, owner, label, client) -> None:
    urls = {"own": at("checks", draft.pk), "agents": at("examine_checks", label.request_id)}
    stranger = signed_in(member(publisher("Ailleurs", SIRETS[1])))
    for method in ("get", "post"):
        assert getattr(stranger, method)(urls["own"], {"check": "1"}).status_code == 404
        for url in urls.values():
            answer = getattr(client, method)(url)
            assert answer.status_code == 302 and "/connexion" in answer.url or answer.status_code in {403, 404}
        for person in (ResidentFactory(), CompanionFactory()):
            for url in urls.values():
                assert getattr(signed_in(person), method)(url).status_code in {403, 404}
        assert getattr(signed_in(AgentFactory()), method)(urls["own"]).status_code in {403, 404}
        assert getattr(signed_in(owner), method)(urls["agents"]).status_code in {403, 404}
        # A draft is its publisher's own.
        assert getattr(signed_in(AgentFactory()), method)(at("examine_checks", draft.pk)).status_code == 404
    assert not CheckRun.objects.filter(request=draft).exists()
    assert not CheckRun.objects.filter(request=label.request, why=CheckRun.Why.AGENT).exists()


def test_an_agent_who_worked_for_the_publisher_is_refused(label, house) -> None:
    browser = signed_in(worked_there(house))
    assert browser.get(at("examine_checks", label.request_id)).status_code == 403
    assert browser.post(at("examine_checks", label.request_id)).status_code == 403


def test_what_a_page_says_of_itself_is_escaped(draft, owner, finds) -> None:
    finds(C01=passed("siret_open", siret="1", name="<script>alert(1)</script>"))
    ran(draft, owner)
    page = signed_in(owner).get(at("checks", draft.pk)).content.decode()
    assert "<script>alert(1)" not in page and "&lt;script&gt;alert(1)" in page


def test_what_a_page_says_of_itself_is_kept_short(draft, owner, finds) -> None:
    finds(C07=failed("trackers", hosts=["x.example"] * 1000), C09=failed("page_gone", url="x" * 1900, status=404))
    run = ran(draft, owner)
    assert len(run.results.get(code="C07").details["hosts"]) == checks.ITEMS
    assert len(run.results.get(code="C09").details["url"]) == checks.LONGEST_TEXT


def test_a_finding_of_a_later_version_says_nothing(draft, owner, finds) -> None:
    run = ran(draft, owner)
    result = run.results.get(code="C09")
    result.finding = "from_tomorrow"
    result.save()
    assert signed_in(owner).get(at("checks", draft.pk)).status_code == 200
    assert State(draft.state) == State.DRAFT
