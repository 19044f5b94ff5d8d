"""Attacks on links: readers against a stop, concurrent guesses of codes, wrong URLs, other residents' papers."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django_scopes import scope

from core import journal
from tests.accounts.factories import signed_in
from tests.attacks.racing import FIELD, race
from tests.telling import tells
from tests.vault.made import add_signed_notice
from tests.vault.sending import notice_pdf, uploaded
from tests.vault.shown import INCOME, address, entered, linked, main
from vault.records import actions as vault_actions
from vault.records import gate
from vault.records.actions import grants
from vault.records.content import paper_kinds
from vault.records.enums import Mode
from vault.records.grants.terms import Terms
from vault.records.models import Grant
from vault.sharing.actions import links as actions
from vault.sharing.actions.links import Wish
from vault.sharing.agreements import links
from vault.sharing.models import Link, Visit
from vault.sharing.models.link import MOST_TRIES

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
ROUNDS, READERS = 6, 6
GUESSES = 20


def test_a_link_reads_nothing_after_its_stop(resident):
    add_signed_notice(resident)
    given = [linked(resident, FIELD).link.grant for _ in range(ROUNDS)]
    outcome = race(given, readers=READERS, stop=lambda grant: grants.stop(grant=grant, by=resident.pk))
    assert outcome.reads >= ROUNDS * READERS
    assert (outcome.opened_late, outcome.begun_late) == (0, 0)


def at_once(work, count):
    """Run the work in threads, each with its own database connection."""

    def run(number):
        try:
            return work(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as workers:
        return list(workers.map(run, range(count)))


def test_concurrent_guesses_are_all_counted(resident):
    add_signed_notice(resident)
    key = linked(resident, INCOME)
    wrong = [f"{(int(key.code) + 1 + number) % 10**8:08}" for number in range(GUESSES)]
    answers = at_once(lambda number: Client().post(address(key), {"code": wrong[number]}).status_code, GUESSES)
    assert set(answers) <= {400, 404} and answers.count(404) >= GUESSES - MOST_TRIES
    with scope(resident=resident.pk):
        row = Link.objects.get()
        assert row.tries == MOST_TRIES and not Visit.objects.exists()
    events = [line.event for line in journal.entries(resident_id=resident.pk, limit=100)]
    assert events.count("link_code_refused") == MOST_TRIES and events.count("link_locked") == 1
    assert Client().post(address(key), {"code": key.code}).status_code == 404


def test_concurrent_guesses_cannot_exceed_five_tries(resident):
    add_signed_notice(resident)
    for _ in range(3):
        key = linked(resident, INCOME)
        codes = [f"{(int(key.code) + 1 + number) % 10**8:08}" for number in range(GUESSES - 1)] + [key.code]
        for code in codes:
            with suppress(actions.TooManyToday):
                actions.enter(link=key.link, typed=code)
        with scope(resident=resident.pk):
            assert not Visit.objects.filter(link=key.link).exists()


def test_a_slightly_wrong_url_answers_404(resident):
    add_signed_notice(resident)
    key = linked(resident, INCOME)
    token = key.token
    almost = [
        token.swapcase(),
        token.lower(),
        token[:-1],
        token + "A",
        token + "=",
        f" {token}",
        f"{token}%20",
        f"{token}\u200b",
        "".join(f"%25{ord(letter):02X}" for letter in token),
        "\u0430" + token[1:],  # a Cyrillic a
        token[:-1] + ("A" if token[-1] != "A" else "B"),
        links.hash_token(token),
        str(key.link.pk),
        str(key.link.grant_id),
        "x" * 5000,
    ]
    visitor = entered(key)
    for one in almost:
        answer = visitor.get(f"/l/{one}/")
        assert answer.status_code == 404, one
        assert Client().post(f"/l/{one}/", {"code": key.code}).status_code == 404, one
    assert "Le code" in main(Client().get(address(key)))


def test_a_foreign_or_invented_cookie_opens_nothing(resident, stranger):
    add_signed_notice(resident)
    add_signed_notice(stranger, revenu_fiscal_reference=9000)
    key, other = linked(resident, INCOME), linked(stranger, INCOME)
    cookie = entered(other).cookies["garant_visit"].value
    for value in (cookie, "x:1", f"{uuid4()}:1:x:y", cookie.replace(cookie[-1], "A"), ""):
        client = Client()
        client.cookies["garant_visit"] = value
        assert not tells(main(client.get(address(key))).split("Après cinq")[0], "12")


def test_a_link_cannot_have_another_residents_papers_or_values(resident, stranger):
    paper_kinds.load()
    theirs = uploaded(signed_in(stranger), stranger, notice_pdf())
    vault_actions.confirm_paper(paper=theirs, by=stranger.pk)
    add_signed_notice(resident)
    wish = Wish([INCOME], [theirs.pk], "a", "b", "c", 7)
    held = actions.held(resident_id=resident.pk, fields=wish.fields, papers=wish.papers)
    assert not held.papers
    fingerprint = links.fingerprint(held.values, held.papers)
    key = actions.make(resident_id=resident.pk, by=resident.pk, wish=wish, form=uuid4(), seen=fingerprint)
    assert key is not None
    with scope(resident=resident.pk):
        assert Grant.objects.get().papers.count() == 0
    assert "12 312" in main(entered(key).get(address(key)))
    with pytest.raises(gate.Refused):
        gate.read_file(grant=key.link.grant, paper_id=theirs.pk, position=0, visit=None)
    with scope(resident=resident.pk), pytest.raises(ValueError, match="not offered"):
        grants.give(
            resident_id=resident.pk,
            by=resident.pk,
            agreement=links.AGREEMENT,
            recipient=grants.Recipient("link", uuid4(), "x"),
            terms=Terms([], Mode.LOOK, lasts=timedelta(days=7), papers=[theirs.pk]),
        )


def test_a_stranger_can_neither_change_nor_stop_a_link(resident, stranger):
    add_signed_notice(resident)
    key = linked(resident, INCOME)
    client = signed_in(stranger)
    assert client.post(reverse("sharing:renew_link", args=[key.link.grant_id])).status_code == 404
    client.post(reverse("sharing:stop_links"))
    found = links.find(key.token)
    assert found is not None and found.opens and actions.enter(link=key.link, typed=key.code)
