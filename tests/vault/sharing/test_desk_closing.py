"""A vault that only its sheet opens is closed at the desk by two agents, one after the other, its resident there."""

from datetime import timedelta

import pytest
import time_machine
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.html import strip_tags
from django_scopes import scope

from accounts.actions import closing, sheet_closing, sheets
from accounts.actions.closing import COOLING_OFF
from accounts.models import Nomination, Sheet, SheetClosing, User
from accounts.two_persons import Lack, NotTwo
from core import journal, leaving
from tests.accounts.factories import AgentFactory, signed_in
from tests.at_once import at_once
from tests.attacks.test_rows_put_back import kept as copied
from tests.attacks.test_rows_put_back import put_back
from tests.vault.at_desk import come_back, keeper, opened, owner, sheet_of, visited
from tests.vault.made import HOME, add
from vault.records import gate
from vault.records.models import Record
from vault.sharing.actions import desk
from vault.sharing.actions import desk_closing as actions

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("kinds")]
YES = {"present": "on"}
ASK, CONFIRM = YES | {"step": "ask"}, YES | {"step": "confirm"}


@pytest.fixture(autouse=True)
def ledger(settings, tmp_path):
    kept = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": str(tmp_path)}}
    settings.STORAGES = {**settings.STORAGES, "erasures": kept}


@pytest.fixture
def hugo(db) -> User:
    return keeper("Hugo Blanc", email="hugo@ville.example")


@pytest.fixture
def his(hugo) -> Client:
    return signed_in(hugo)


@pytest.fixture
def code(agathe, hers) -> str:
    """The code of the sheet of Rosa, whose vault has a value."""
    first = opened(agathe, hers, "Rosa Delmas")
    add(owner(first), "logement.domicile", HOME)
    return sheet_of(first, agathe)


@pytest.fixture
def first(agathe, hers, code):
    """Her visit to the first agent."""
    return come_back(agathe, hers, code)


@pytest.fixture
def second(first, hugo, his, code):
    """Her visit to the second agent, once the first one noted her request."""
    actions.ask_to_close(visit=first, agent=first_agent(first))
    return come_back(hugo, his, code)


def first_agent(visit) -> User:
    return User.objects.get(pk=visit.grant.recipient_id)


def confirming() -> dict[str, str]:
    """Return what the page of the last request sends."""
    last = SheetClosing.objects.order_by("asked_at").values_list("pk", flat=True).last()
    return CONFIRM | {"shown": str(last or "")}


def page(visit, name="desk_close") -> str:
    return reverse(f"sharing:{name}", args=[visit.pk])


def text(answer) -> str:
    return " ".join(strip_tags(answer.content.decode()).replace("\xa0", " ").split())


def said(lack: Lack) -> str:
    return str(lack.label).replace("\xa0", " ")


def events(visit):
    found = journal.entries(resident_id=visit.resident_id, limit=50)
    return [(one.event, one.actor_id, one.means) for one in found if one.event.startswith("sheet_closing")]


def closes_in(visit) -> timedelta:
    closes_at = owner(visit).closes_at
    assert closes_at is not None
    return closes_at - timezone.now()


def nearly(delay: timedelta) -> bool:
    return abs(delay - COOLING_OFF) < timedelta(minutes=1)


def test_two_agents_close_it_and_thirty_days_later_nothing_is_left(first, agathe, hers, hugo, his, code):
    assert page(first) in hers.get(page(first, "desk_visit")).content.decode()
    asked = hers.get(page(first))
    assert " checked" not in asked.content.decode() and "deux agents" in text(asked)
    assert hers.post(page(first), {"step": "ask"}).status_code == 400 and not SheetClosing.objects.exists()
    for _twice in range(2):
        assert hers.post(page(first), ASK)["Location"] == page(first)
    assert "va voir un autre agent" in text(hers.get(page(first)))
    assert closes_in(first) > timedelta(days=300), "one agent decided nothing"

    there = come_back(hugo, his, code)
    assert "Demande notée par Agathe Roussel" in text(his.get(page(there)))
    his.post(page(there), ASK)
    assert closes_in(there) > timedelta(days=300), "a page opened before confirms nothing"
    for _twice in range(2):
        assert his.post(page(there), confirming())["Location"] == page(there)
    told = text(his.get(page(there)))
    assert "Confirmée par Hugo Blanc" in told and "Imprimez cette page" in told
    assert nearly(closes_in(there))
    assert events(there) == [
        ("sheet_closing_confirmed", hugo.pk, "desk"),
        ("sheet_closing_asked", agathe.pk, "desk"),
    ]
    assert journal.verify(resident_id=there.resident_id).bad == []
    assert closing.close_due() == 0

    with time_machine.travel(timezone.now() + COOLING_OFF + timedelta(hours=1)):
        assert closing.close_due() == 1
    with scope(resident=there.resident_id):
        assert not Record.objects.exists()
    assert not owner(there).is_active and SheetClosing.objects.get().confirmed_by == hugo, "the desk's register stays"


def test_the_same_agent_never_confirms_even_in_another_visit_or_in_the_database(first, agathe, hers, code):
    actions.ask_to_close(visit=first, agent=agathe)
    again = come_back(agathe, hers, code)
    assert "Confirmer la fermeture" not in text(hers.get(page(again)))
    answer = hers.post(page(again), confirming())
    assert answer.status_code == 409 and said(Lack.SAME) in text(answer)
    with pytest.raises(NotTwo) as problem:
        actions.confirm_closing(visit=again, agent=agathe)
    assert problem.value.lack == Lack.SAME
    with pytest.raises(IntegrityError), transaction.atomic():
        SheetClosing.objects.update(confirmed_by=agathe, confirmed_at=timezone.now())
    assert closes_in(again) > timedelta(days=300)


def test_an_agent_who_may_not_decide_with_another_is_none_of_the_two(first, hers, agathe, code):
    new = keeper("Nina Roche", email="nina@ville.example", new=True)
    browser = signed_in(new)
    hers_there = come_back(new, browser, code)
    assert said(Lack.NOT_NAMED) in text(browser.get(page(hers_there)))
    answer = browser.post(page(hers_there), ASK)
    assert answer.status_code == 409 and not SheetClosing.objects.exists()
    actions.ask_to_close(visit=first, agent=agathe)
    assert browser.post(page(hers_there), confirming()).status_code == 409
    assert closes_in(first) > timedelta(days=300)


def test_nothing_is_confirmed_that_nobody_asked_or_too_long_ago(first, hugo, his, code):
    there = come_back(hugo, his, code)
    answer = his.post(page(there), confirming(), follow=True)
    assert "Cette demande n’est plus là" in text(answer) and closes_in(there) > timedelta(days=300)
    actions.ask_to_close(visit=first, agent=first_agent(first))
    SheetClosing.objects.update(asked_at=timezone.now() - sheet_closing.WAITS)
    with pytest.raises(sheet_closing.NotAsked):
        actions.confirm_closing(visit=there, agent=hugo)
    assert actions.ask_to_close(visit=there, agent=hugo).asked_by == hugo


@pytest.mark.parametrize("change", [{"is_active": False}, {"at_desk": False}, {}])
def test_the_request_of_an_agent_who_left_neither_counts_nor_blocks(second, agathe, hugo, his, change):
    """Without a change of the account, its nomination ended."""
    for column, value in change.items():
        setattr(agathe, column, value)
    agathe.save()
    if not change:
        Nomination.objects.filter(person=agathe).update(ended_by=hugo, ended_at=timezone.now())
    with pytest.raises(sheet_closing.NotAsked):
        actions.confirm_closing(visit=second, agent=hugo)
    assert "Demande notée" not in text(his.get(page(second))) and closes_in(second) > timedelta(days=300)
    his.post(page(second), ASK)
    third = keeper("Ines Faure", email="ines@ville.example")
    sheet_closing.confirm(person=owner(second), by=third)
    closed = SheetClosing.objects.confirmed().get()
    assert (closed.asked_by, closed.confirmed_by) == (hugo, third) and nearly(closes_in(second))


def test_keeping_the_vault_ends_a_request_that_no_longer_counts_too(second, agathe, hugo):
    agathe.at_desk = False
    agathe.save()
    actions.ask_to_close(visit=second, agent=hugo)
    actions.keep_open(visit=second, agent=hugo)
    agathe.at_desk = True
    agathe.save()
    assert sheet_closing.standing(owner(second)) is None


def test_keeping_the_vault_ends_a_request_that_does_not_count_for_a_while(second, agathe, hugo):
    agathe.at_desk = False
    agathe.save()
    actions.keep_open(visit=second, agent=hugo)
    agathe.at_desk = True
    agathe.save()
    assert sheet_closing.standing(owner(second)) is None
    actions.keep_open(visit=second, agent=hugo)
    assert [event for event, *_more in events(second)] == ["sheet_closing_cancelled", "sheet_closing_asked"]


def test_a_confirmed_closing_stands_when_the_agent_who_noted_it_has_left(second, agathe, hugo):
    actions.confirm_closing(visit=second, agent=hugo)
    agathe.is_active = False
    agathe.save()
    there = sheet_closing.standing(owner(second))
    assert there is not None and there.confirmed_by == hugo and nearly(closes_in(second))


def test_one_agent_is_enough_to_keep_the_vault(second, hugo, his, agathe, hers, code):
    actions.confirm_closing(visit=second, agent=hugo)
    back = come_back(agathe, hers, code)
    assert "sera effacé le" in text(hers.get(page(back, "desk_visit")))
    for _twice in range(2):
        assert hers.post(page(back, "desk_keep"))["Location"] == page(back, "desk_visit")
    assert closes_in(back) > timedelta(days=300) and sheet_closing.standing(owner(back)) is None
    assert [event for event, *_more in events(back)][0] == "sheet_closing_cancelled"
    assert len(events(back)) == 3
    with pytest.raises(sheet_closing.NotAsked):
        actions.confirm_closing(visit=second, agent=hugo)


def test_a_vault_that_is_kept_lasts_thirty_days_even_if_its_sheet_expired_meanwhile(second, hugo):
    """The visit began with the sheet in its last hour."""
    actions.confirm_closing(visit=second, agent=hugo)
    Sheet.objects.update(expires_at=timezone.now() - timedelta(hours=1))
    actions.keep_open(visit=second, agent=hugo)
    assert nearly(closes_in(second))


def test_another_sheet_keeps_the_date_and_claiming_the_vault_ends_the_closing(second, hugo):
    actions.confirm_closing(visit=second, agent=hugo)
    code = sheet_of(second, hugo)
    assert nearly(closes_in(second))
    sheets.claim(code_hash=sheets.hashed(code), email="rosa@courriel.example")
    person = owner(second)
    assert person.closes_at is None and sheet_closing.standing(person) is None
    assert SheetClosing.objects.get().cancelled_by == person


def test_a_vault_whose_erasure_was_killed_is_neither_kept_nor_given_a_sheet_nor_claimed_nor_closed_again(
    second, hugo, his, code, monkeypatch
):
    actions.confirm_closing(visit=second, agent=hugo)
    person = owner(second)
    person.closes_at = timezone.now()
    person.save(update_fields=["closes_at"])

    def killed(**_given):
        raise SystemExit

    with monkeypatch.context() as patch, pytest.raises(SystemExit):
        patch.setattr(leaving, "stop", killed)
        closing.close_due()
    for name, form in (("desk_keep", {}), ("desk_sheet", {}), ("desk_close", ASK), ("desk_close", confirming())):
        answer = his.post(page(second, name), form, follow=True)
        assert "L’effacement de ce coffre a commencé" in text(answer), (name, form)
    for verb in (actions.ask_to_close, actions.confirm_closing):
        with pytest.raises(closing.Begun):
            verb(visit=second, agent=hugo)
    with pytest.raises(closing.Begun):
        sheets.claim(code_hash=sheets.hashed(code), email="rosa@courriel.example")
    assert closing.close_due() == 1 and not owner(second).is_active


def test_a_closing_does_not_outlast_the_sheet(second, hugo):
    soon = timezone.now() + timedelta(days=3)
    person = owner(second)
    person.closes_at = soon
    person.save(update_fields=["closes_at"])
    actions.confirm_closing(visit=second, agent=hugo)
    assert owner(second).closes_at == soon


def test_a_resident_who_signs_in_closes_alone(signing_in):
    agent, browser, visit = visited(signing_in, "home")
    answer = browser.get(page(visit))
    assert answer.status_code == 403 and "ferme son coffre seule" in text(answer)
    assert page(visit) not in browser.get(page(visit, "desk_visit")).content.decode()
    for verb in (actions.ask_to_close, actions.confirm_closing, actions.keep_open):
        with pytest.raises(PermissionDenied):
            verb(visit=visit, agent=agent)


def test_a_visit_that_is_over_or_another_agents_closes_nothing(first, agathe, hers, hugo, his):
    for browser, status in (
        (his, 404),
        (signed_in(agathe), 404),
        (signed_in(AgentFactory(email="no.desk@ville.example")), 403),
        (signed_in(owner(first)), 403),
        (Client(), 302),
    ):
        assert browser.post(page(first), ASK).status_code == status
        assert browser.post(page(first, "desk_keep")).status_code == status
    with pytest.raises(PermissionDenied):
        actions.ask_to_close(visit=first, agent=hugo)
    desk.finish(visit=first, agent=agathe)
    assert hers.get(page(first)).status_code == hers.post(page(first), ASK).status_code == 404
    for verb in (actions.ask_to_close, actions.confirm_closing, actions.keep_open):
        with pytest.raises(gate.Refused):
            verb(visit=first, agent=agathe)
    assert not SheetClosing.objects.exists()


def test_two_agents_who_ask_at_the_same_time_make_one_request(first, agathe, hugo, his, code):
    there = come_back(hugo, his, code)
    agents = iter([(first, agathe), (there, hugo)])

    def ask() -> None:
        visit, agent = next(agents)
        actions.ask_to_close(visit=visit, agent=agent)

    at_once(ask, times=2)
    assert SheetClosing.objects.count() == 1 and closes_in(first) > timedelta(days=300)


def test_a_row_that_the_portal_did_not_write_closes_nothing(second, hugo, his):
    falsify("changed")
    with pytest.raises(sheet_closing.NotAsked):
        actions.confirm_closing(visit=second, agent=hugo)
    his.post(page(second), confirming())
    assert Sheet.objects.get().claimed_at is None and closes_in(second) > timedelta(days=300)
    assert refused_rows(second) == ["accounts.SheetClosing"]


def falsify(how: str) -> None:
    """Write to the only closing's row in the database, without the keyring."""
    columns = "asked_at, confirmed_at, cancelled_at, person_id, asked_by_id, confirmed_by_id, cancelled_by_id"
    with connection.cursor() as cursor:
        if how == "changed":
            zoe = AgentFactory(email="zoe@ville.example")
            cursor.execute("UPDATE accounts_sheetclosing SET asked_by_id = %s", [zoe.pk])
        else:
            cursor.execute(
                f"INSERT INTO accounts_sheetclosing (id, mac, {columns})"
                f" SELECT gen_random_uuid(), mac || '\\x00', {columns} FROM accounts_sheetclosing"
            )


def refused_rows(visit) -> list[str]:
    found = journal.entries(resident_id=visit.resident_id, limit=50)
    return [str(one.details["kind"]) for one in found if one.event == "row_refused"]


@pytest.mark.parametrize("how", ["inserted", "changed"])
@pytest.mark.parametrize("by_claim", [True, False])
def test_no_row_written_in_the_database_stops_a_vault_from_being_kept(second, hugo, his, code, how, by_claim):
    actions.confirm_closing(visit=second, agent=hugo)
    falsify(how)
    assert his.get(page(second, "desk_visit")).status_code == his.get(page(second)).status_code == 200
    if by_claim:
        sheets.claim(code_hash=sheets.hashed(code), email="rosa@courriel.example")
        assert owner(second).closes_at is None
    else:
        for _twice in range(2):
            assert "la personne garde son coffre" in text(his.post(page(second, "desk_keep"), follow=True))
        assert closes_in(second) > timedelta(days=300)
        assert [event for event, *_more in events(second)].count("sheet_closing_cancelled") == 1
    assert sheet_closing.standing(owner(second)) is None
    assert refused_rows(second) == ["accounts.SheetClosing"]


def test_a_request_put_back_in_place_of_its_closing_does_not_stop_the_vault_from_being_kept(second, hugo):
    copy = copied("accounts_sheetclosing")
    actions.confirm_closing(visit=second, agent=hugo)
    put_back(copy)
    actions.keep_open(visit=second, agent=hugo)
    assert closes_in(second) > timedelta(days=300) and sheet_closing.standing(owner(second)) is None


@pytest.mark.parametrize("written", [True, False])
def test_a_sheet_keeps_the_date_only_of_a_closing_that_the_portal_wrote(second, hugo, written):
    actions.confirm_closing(visit=second, agent=hugo)
    if not written:
        falsify("changed")
    sheet_of(second, hugo)
    assert nearly(closes_in(second)) is written


def test_keeping_a_vault_whose_closing_nobody_confirmed_leaves_its_date(first, agathe):
    before = owner(first).closes_at
    actions.ask_to_close(visit=first, agent=agathe)
    actions.keep_open(visit=first, agent=agathe)
    Sheet.objects.all().delete()
    actions.ask_to_close(visit=first, agent=agathe)
    actions.keep_open(visit=first, agent=agathe)
    assert owner(first).closes_at == before
