"""A lost second factor is removed at the desk by two agents; each step is e-mailed and journalled."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from celery import current_app
from django.core import mail
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.actions import desk
from accounts.models import FactorReset, Session, User
from core import journal
from core.messages import mails
from tests.accounts.factories import TOTP_SECRET, AgentFactory, CompanionFactory, ResidentFactory, signed_in

pytestmark = pytest.mark.django_db
LIST, ADD = "admin:accounts_factorreset_changelist", "admin:accounts_factorreset_add"


@pytest.fixture
def locked_out() -> User:
    person = ResidentFactory(name="Odile", email="odile@courriel.example")
    TOTP.activate(person, TOTP_SECRET)
    return person


def ask(agent: User, written: str, **data: str) -> Any:
    return signed_in(agent).post(reverse(ADD), {"written": written, "reason": "lost", "seen": "on", **data})


def decide(agent: User, action: str, reset: FactorReset) -> Any:
    return signed_in(agent).post(
        reverse(LIST), {"action": action, "_selected_action": [str(reset.pk)], "confirmed": "yes"}, follow=True
    )


def events(person: User) -> list[str]:
    return [entry.event for entry in journal.entries(resident_id=person.pk, limit=10)]


@pytest.mark.parametrize("by", ["address", "reference"])
def test_two_agents_remove_the_second_factor(locked_out: User, by: str) -> None:
    first, second = AgentFactory(), AgentFactory()
    session = signed_in(locked_out)
    ask(first, locked_out.email if by == "address" else locked_out.reference.lower())
    reset = FactorReset.objects.get()
    assert Authenticator.objects.filter(user=locked_out).exists(), "asking takes nothing off"
    desk.notify_resets()
    assert "va être retirée" in mail.outbox[-1].subject and events(locked_out)[0] == "second_factor_reset_asked"
    decide(second, "agree", reset)
    assert not Authenticator.objects.filter(user=locked_out).exists()
    assert not Session.objects.filter(user=locked_out).exists() and session.get(reverse("account")).status_code == 302
    desk.notify_resets()
    assert "est retirée / " in mail.outbox[-1].subject and mail.outbox[-1].to == [locked_out.email]
    assert events(locked_out)[0] == "second_factor_reset"
    reset.refresh_from_db()
    assert (reset.asked_by, reset.decided_by, reset.granted) == (first, second, True)


def test_one_agent_alone_cannot_remove_it(locked_out: User) -> None:
    boss = AgentFactory(manages_agents=True)
    ask(boss, locked_out.email)
    page = decide(boss, "agree", FactorReset.objects.get())
    assert (
        "une autre personne décide" in page.content.decode() and Authenticator.objects.filter(user=locked_out).exists()
    )


def test_refusing_keeps_the_factor_and_sends_an_email(locked_out: User) -> None:
    ask(AgentFactory(), locked_out.email)
    reset = FactorReset.objects.get()
    decide(AgentFactory(), "refuse", reset)
    desk.notify_resets()
    assert Authenticator.objects.filter(user=locked_out).exists() and "reste en place" in mail.outbox[-1].subject
    page = decide(AgentFactory(), "agree", reset)
    assert "déjà décidé" in page.content.decode() and Authenticator.objects.filter(user=locked_out).exists()


def test_a_request_expires_after_a_day(locked_out: User) -> None:
    ask(AgentFactory(), locked_out.email)
    with time_machine.travel(timezone.now() + timedelta(hours=24, minutes=1), tick=True):
        with pytest.raises(desk.Over):
            desk.decide_reset(reset=FactorReset.objects.get(), by=AgentFactory(), grant=True)
        desk.ask_for_reset(written=locked_out.email, reason="lost", by=AgentFactory())
    assert FactorReset.objects.count() == 2


def test_asking_twice_makes_one_request(locked_out: User) -> None:
    for agent in (AgentFactory(), AgentFactory()):
        desk.ask_for_reset(written=locked_out.email, reason="lost", by=agent)
    assert FactorReset.objects.count() == 1


@pytest.mark.parametrize(("written", "data"), [("", {}), ("odile@courriel.example", {"seen": ""})])
def test_an_invalid_request_gets_an_error(locked_out: User, written: str, data: dict[str, str]) -> None:
    page = ask(AgentFactory(), written, **data)
    assert page.status_code == 200 and page.context["errors"] and not FactorReset.objects.exists()


@pytest.mark.parametrize("written", ["personne@courriel.example", "FFFFFFFF", "awa@courriel.example"])
def test_a_request_for_nobody_is_asked_and_granted_like_any_other(written: str) -> None:
    """Nobody has it, or has no second factor: neither agent learns it."""
    ResidentFactory(email="awa@courriel.example")
    ask(AgentFactory(), written)
    reset = FactorReset.objects.get()
    assert reset.person is None and "@courriel" in reset.written or reset.written == "FFFFFFFF"
    page = decide(AgentFactory(), "agree", reset).content.decode()
    desk.notify_resets()
    assert "Si un compte correspond" in page and not mail.outbox


def test_the_agents_pages_send_no_email_and_ask_the_worker_alike_for_everybody(
    locked_out: User, django_capture_on_commit_callbacks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An e-mail, or an entry sealed under a resident's key, would take time that tells who has an account."""
    tasks: list[str] = []
    monkeypatch.setattr(current_app, "send_task", lambda name, **_: tasks.append(name))
    first, second = AgentFactory(), AgentFactory()
    for written in (locked_out.email, "personne@courriel.example"):
        with django_capture_on_commit_callbacks(execute=True):
            ask(first, written)
        assert tasks.pop() == "accounts.tasks.notify_resets" and not tasks
    assert events(locked_out) == ["vault_opened"]
    for reset in FactorReset.objects.all():
        with django_capture_on_commit_callbacks(execute=True):
            decide(second, "refuse", reset)
        assert tasks.pop() == "accounts.tasks.notify_resets" and not tasks
    assert not mail.outbox


def test_a_user_is_told_once_and_again_only_if_the_email_could_not_leave(
    locked_out: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.ask_for_reset(written=locked_out.email, reason="lost", by=AgentFactory())
    with monkeypatch.context() as patch:
        patch.setattr("core.messages.mails.send", raising(mails.NotSent()))
        with pytest.raises(mails.NotSent):
            desk.notify_resets()
    assert (desk.notify_resets(), desk.notify_resets(), len(mail.outbox)) == (1, 0, 1)
    assert events(locked_out) == ["second_factor_reset_asked", "vault_opened"]


def raising(error: Exception) -> Any:
    def send(*_: Any, **__: Any) -> None:
        raise error

    return send


def test_two_who_may_not_decide_remove_nothing(locked_out: User) -> None:
    new = AgentFactory(new=True)
    assert ask(new, locked_out.email).status_code == 403 and not FactorReset.objects.exists()
    ask(AgentFactory(), locked_out.email)
    decide(new, "agree", FactorReset.objects.get())
    assert Authenticator.objects.filter(user=locked_out).exists()


def test_an_agents_reset_needs_permission_to_manage_agents() -> None:
    lost = AgentFactory()
    reset = desk.ask_for_reset(written=lost.email, reason="changed", by=AgentFactory())
    for by in (AgentFactory(), lost):
        with pytest.raises(PermissionDenied):
            desk.decide_reset(reset=reset, by=by, grant=True)
    assert Authenticator.objects.filter(user=lost).exists()
    desk.decide_reset(reset=reset, by=AgentFactory(manages_agents=True), grant=True)
    assert not Authenticator.objects.filter(user=lost).exists()


def test_only_other_agents_may_ask_or_decide(locked_out: User, resident: User) -> None:
    agent = AgentFactory()
    with pytest.raises(PermissionDenied):
        desk.ask_for_reset(written=agent.email, reason="lost", by=agent)
    with pytest.raises(PermissionDenied):
        desk.ask_for_reset(written=locked_out.email, reason="lost", by=resident)
    reset = desk.ask_for_reset(written=locked_out.email, reason="lost", by=agent)
    with pytest.raises(PermissionDenied):
        desk.decide_reset(reset=reset, by=resident, grant=True)
    assert signed_in(resident).get(reverse(LIST)).status_code == 302 and Client().get(reverse(LIST)).status_code == 302


def test_the_list_shows_no_residents_name(locked_out: User) -> None:
    agent = AgentFactory()
    ask(agent, locked_out.email)
    page = signed_in(agent).get(reverse(LIST)).content.decode()
    assert "o•••@courriel.example" in page and locked_out.reference not in page
    assert "Odile" not in page and "odile@" not in page
    one = (
        signed_in(agent)
        .get(reverse("admin:accounts_factorreset_change", args=[FactorReset.objects.get().pk]))
        .content.decode()
    )
    assert "Odile" not in one and "odile@" not in one


def test_the_second_agent_reads_whose_factor_it_is_and_decides_one_at_a_time(locked_out: User) -> None:
    first, second = AgentFactory(name="Agathe Roussel"), AgentFactory()
    companion = CompanionFactory(name="Malik", organisation="CCAS de Villebrume")
    ask(first, locked_out.email)
    ask(first, companion.email)
    mine, theirs = FactorReset.objects.get(person=locked_out), FactorReset.objects.get(person=companion)
    browser = signed_in(second)

    def sent(*resets: FactorReset, **more: str) -> str:
        form = {"action": "agree", "_selected_action": [str(one.pk) for one in resets], **more}
        return str(browser.post(reverse(LIST), form, follow=True).content.decode())

    assert "une à la fois" in sent(mine, theirs) and "une à la fois" in sent(mine, theirs, confirmed="yes")
    page = sent(mine)
    assert all(word in page for word in ("Odile", "Agathe Roussel", "Téléphone ou clé perdu", "o•••@courriel."))
    assert events(locked_out)[0] == "second_factor_reset_read", "they learn who it is: the journal says so"
    assert "Malik" in (page := sent(theirs)) and "CCAS de Villebrume" in page
    assert not FactorReset.objects.filter(decided_at__isnull=False).exists()
    assert "Odile" not in str(signed_in(first).post(reverse(LIST), {"action": "agree", "_selected_action": mine.pk}))
    sent(mine, confirmed="yes")
    assert not Authenticator.objects.filter(user=locked_out).exists()


def test_requests_cannot_be_changed_or_deleted(locked_out: User) -> None:
    boss = AgentFactory(manages_agents=True)
    ask(boss, locked_out.email)
    reset = FactorReset.objects.get()
    client = signed_in(boss)
    assert (
        client.post(reverse("admin:accounts_factorreset_change", args=[reset.pk]), {"reason": "erased"}).status_code
        == 403
    )
    assert (
        client.post(reverse("admin:accounts_factorreset_delete", args=[reset.pk]), {"post": "yes"}).status_code == 403
    )
    reset.refresh_from_db()
    assert reset.reason == "lost"


def test_a_user_without_a_sign_in_address_is_emailed_at_their_contact_address() -> None:
    person = ResidentFactory(name="Sans adresse", email="")
    person.contact_email = "famille@courriel.example"
    person.save()
    TOTP.activate(person, TOTP_SECRET)
    ask(AgentFactory(), person.reference)
    desk.notify_resets()
    assert mail.outbox[-1].to == ["famille@courriel.example"]
