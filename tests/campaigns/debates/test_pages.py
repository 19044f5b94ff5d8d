"""Pages of debates and votes: propose, argue, moderate, appeal, vote, at the desk, the result."""

import re
from datetime import timedelta
from unittest.mock import Mock
from uuid import uuid4

import pytest
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone
from django_scopes import scope

from accounts.actions import identities as links
from accounts.models import User
from accounts.sign_in.openid import Identity
from campaigns.debates import standing, tasks
from campaigns.debates.actions import counting, identities, votes
from campaigns.debates.enums import Means, VoteState
from campaigns.debates.models import IdentityCheck, Moderation, Post, ProvenIdentity, Vote
from core import canonical, journal
from tests.accounts.factories import AgentFactory, ResidentFactory, signed_in
from tests.campaigns.debates import voted
from tests.vault.at_desk import come_back, keeper, opened, sheet_of, visited
from vault.sharing.actions import desk

CODE = "trajets"
CIVIL = {
    "family_name": "Kervella",
    "given_names": "Nadia Anne",
    "birthdate_day": "4",
    "birthdate_month": "5",
    "birthdate_year": "1988",
}


def url(name, *more):
    return reverse(f"debates:{name}", args=[CODE, *more])


def text_of(answer):
    return re.sub(r"\s+", " ", answer.content.decode().replace("\N{NO-BREAK SPACE}", " "))


def test_a_debate_from_a_proposal_to_an_appeal(campaign, resident, client, mailoutbox):
    author, other = signed_in(resident), signed_in(ResidentFactory(name="Paulette"))
    first, second = AgentFactory(), AgentFactory()
    page = text_of(client.get(url("debate")))
    assert "Aucune proposition" in page and resident.name not in page
    answer = author.post(url("propose"), {"title": "Un bus", "text": "Toutes les 15 minutes."}, follow=True)
    assert "Votre texte est publié" in text_of(answer) and "Ce que vous avez écrit" in text_of(answer)
    post = Post.objects.get()
    other.post(url("argue", post.pk), {"side": "against", "text": "C’est cher, dit Paul Astruc.", "keep": "on"})
    argument = post.arguments.get()
    page = text_of(client.get(url("proposal", post.pk)))
    assert "C’est cher" in page and "Aucun argument pour" in page
    assert client.post(url("propose"), {"title": "x", "text": "y"}).status_code == 302, "a visitor signs in first"
    for sent in ({"title": "", "text": ""}, {"title": "x" * 101, "text": "y"}):
        assert "Erreur" in text_of(author.post(url("propose"), sent))
    # Moderation, with a reason; the words go, the rule stays.
    agent = signed_in(first)
    assert "Écarter" in text_of(agent.get(url("posts")))
    assert "Erreur" in text_of(agent.post(url("set_aside", argument.pk), {"rule": "person", "reasons": " "}))
    agent.post(url("set_aside", argument.pk), {"rule": "person", "reasons": "Il nomme un voisin."})
    page = text_of(client.get(url("debate")))
    assert "C’est cher" not in page and "Il nomme un voisin." in page and "Pas de personne nommée" in page
    assert agent.get(url("set_aside", argument.pk)).status_code == 404
    # Its author alone appeals, once; the agent who moderated does not decide.
    assert author.get(url("appeal", argument.pk)).status_code == 404
    assert "Contester" in text_of(other.get(url("debate")))
    assert agent.get(url("decide_appeal", argument.pk)).status_code == 404, "nobody appealed"
    # They are told by e-mail, once, without a word of it.
    tasks.notify_authors()
    tasks.notify_authors()
    [mail] = mailoutbox
    assert mail.to == [User.objects.get(name="Paulette").email] and "écarté" in mail.subject
    assert not any(word in mail.body for word in ("Paul", "cher", "bus", "voisin"))
    other.post(url("appeal", argument.pk), {"text": "Paul est élu."})
    assert other.get(url("appeal", argument.pk)).status_code == 404
    assert agent.get(url("decide_appeal", argument.pk)).status_code == 404
    decided = {"decision": "yes", "words": "C’est un élu, dans sa fonction."}
    assert signed_in(second).post(url("decide_appeal", argument.pk), decided).status_code == 302
    assert Moderation.objects.get().decided_by == second
    tasks.notify_authors()
    tasks.notify_authors()
    assert [mail.to for mail in mailoutbox] == [mailoutbox[0].to] * 2 and "décidé" in mailoutbox[1].subject
    assert "C’est cher" in text_of(client.get(url("proposal", post.pk)))
    with scope(resident=resident.pk):
        assert [entry.event for entry in journal.entries(resident_id=resident.pk, limit=1)] == ["post_written"]


def asked() -> str:
    """Return what the page of the vote that waits sends."""
    return str(Vote.objects.get(state=VoteState.PROPOSED).pk)


def test_two_agents_open_a_vote_and_one_alone_does_not(campaign):
    voted.proposal(campaign)
    first, second, new = AgentFactory(), AgentFactory(), AgentFactory(new=True)
    one, two = signed_in(first), signed_in(second)
    day = timezone.localdate() + timedelta(days=9)
    sent = {"day_day": str(day.day), "day_month": str(day.month), "day_year": str(day.year), "hour": "20"}
    past = sent | {"day_year": "2020"}
    assert "à une heure à venir" in text_of(one.post(url("propose_vote"), past))
    assert signed_in(new).post(url("propose_vote"), sent).status_code == 403
    assert not Vote.objects.exists()
    one.post(url("propose_vote"), sent)
    vote = Vote.objects.get()
    assert vote.state == VoteState.PROPOSED and vote.titles == ["Un bus toutes les 15 minutes"]
    assert one.get(url("decide_vote")).status_code == 404, "one person never suffices"
    assert signed_in(new).post(url("decide_vote"), {"decision": "approve", "shown": asked()}).status_code == 403
    resident = signed_in(ResidentFactory())
    assert resident.get(url("vote")).status_code == 404
    resident.post(url("propose"), {"title": "Trop tard", "text": "La liste est figée."})
    assert Post.objects.count() == 1
    assert "Écrivez pourquoi" in text_of(two.post(url("decide_vote"), {"decision": "refuse", "words": ""}))
    two.post(url("decide_vote"), {"decision": "refuse", "words": "Trop tôt.", "shown": asked()})
    assert "Trop tôt." in text_of(one.get(url("agents_vote")))
    one.post(url("propose_vote"), sent)
    two.post(url("decide_vote"), {"decision": "approve", "shown": str(vote.pk)})
    assert not Vote.objects.filter(state=VoteState.APPROVED).exists(), "the page read before was of the refused vote"
    two.post(url("decide_vote"), {"decision": "approve", "shown": asked()})
    vote = Vote.objects.get(state=VoteState.APPROVED)
    assert vote.decided_by == second and standing.vote_of(campaign) == vote
    assert "déjà écarté, ou il est au vote" in text_of(
        one.post(url("set_aside", Post.objects.get().pk), {"rule": "advert", "reasons": "Non."}, follow=True)
    )


def test_a_vote_waits_for_the_appeal_about_a_proposal_and_has_the_one_that_was_put_back(campaign, resident):
    voted.proposal(campaign)
    author, first, second = signed_in(resident), AgentFactory(), AgentFactory()
    one, two = signed_in(first), signed_in(second)
    author.post(url("propose"), {"title": "Un tram", "text": "Jusqu’à la gare."})
    aside = Post.objects.get(title="Un tram")
    one.post(url("set_aside", aside.pk), {"rule": "advert", "reasons": "Une marque."})
    day = timezone.localdate() + timedelta(days=9)
    sent = {"day_day": str(day.day), "day_month": str(day.month), "day_year": str(day.year), "hour": "20"}
    assert "son auteur peut contester jusqu’au" in text_of(one.post(url("propose_vote"), sent, follow=True))
    assert "Demander un vote" not in text_of(one.get(url("agents_vote"))) and not Vote.objects.exists()
    assert "Contestez avant le" in text_of(author.get(url("debate")))
    voted.age(Moderation.objects.get())
    assert "Contestez avant le" not in text_of(author.get(url("debate")))
    one.post(url("propose_vote"), sent)
    before = asked()
    for page in (two.get(url("decide_vote")), two.get(url("agents_vote"))):
        assert "Jusqu’à la gare. Écartée le" in text_of(page) and "Raison : Une marque." in text_of(page)
    author.post(url("appeal", aside.pk), {"text": "Aucune marque n’est nommée."})
    approve = {"decision": "approve", "shown": before}
    assert "Une contestation attend" in text_of(two.post(url("decide_vote"), approve, follow=True))
    two.post(url("decide_appeal", aside.pk), {"decision": "yes", "words": "C’est un moyen de transport."})
    assert "a été remise depuis" in text_of(two.post(url("decide_vote"), approve, follow=True))
    assert Vote.objects.get().state == VoteState.PROPOSED
    two.post(url("decide_vote"), {"decision": "refuse", "words": "Il manque le tram.", "shown": before})
    one.post(url("propose_vote"), sent)
    two.post(url("decide_vote"), {"decision": "approve", "shown": asked()})
    assert sorted(Vote.objects.get(state=VoteState.APPROVED).titles) == ["Un bus toutes les 15 minutes", "Un tram"]


def test_no_vote_is_asked_for_while_an_appeal_about_a_proposal_waits(campaign, resident):
    voted.proposal(campaign)
    author, agent = signed_in(resident), AgentFactory()
    author.post(url("propose"), {"title": "Un tram", "text": "Jusqu’à la gare."})
    aside = Post.objects.get(title="Un tram")
    one = signed_in(agent)
    one.post(url("set_aside", aside.pk), {"rule": "advert", "reasons": "Une marque."})
    author.post(url("appeal", aside.pk), {"text": "Aucune marque n’est nommée."})
    with pytest.raises(votes.Contested):
        votes.propose(campaign=campaign, by=agent, closes_at=timezone.now() + timedelta(days=9))
    assert not Vote.objects.exists()


def test_the_page_has_the_reasons_of_the_last_refusal(campaign):
    """Ids are random: in their order, another refusal than the last one would soon be shown."""
    voted.proposal(campaign)
    first, second = AgentFactory(), AgentFactory()
    page = signed_in(first)
    for number in range(6):
        vote = votes.propose(campaign=campaign, by=first, closes_at=timezone.now() + timedelta(days=9))
        votes.refuse(vote=vote, by=second, words=f"Motif {number}.")
        assert f"Motif {number}." in text_of(page.get(url("agents_vote")))


def test_a_resident_votes_once_they_proved_who_they_are_and_replaces_their_ballot(vote, resident):
    browser = signed_in(resident)
    assert "Prouvez d’abord qui vous êtes" in text_of(browser.get(url("vote")))
    assert browser.get(url("ballot")).status_code == 302
    voted.proven(resident)
    page = browser.get(url("ballot"))
    assert "checked" not in page.content.decode()
    sent = {"choice_0": "for"}
    confirm = text_of(browser.post(url("ballot"), sent))
    assert "Relisez votre bulletin" in confirm and "Sans avis" in confirm
    assert "Voter sur les propositions" in text_of(browser.get(url("vote"))), "nothing is cast yet"
    assert "Erreur" in text_of(browser.post(url("ballot"), {"choice_0": "maybe", "cast": "1"}))
    for _click in range(2):
        answer = browser.post(url("ballot"), sent | {"cast": "1"}, follow=True)
        assert "Vous avez voté" in text_of(answer)
    assert "Vous avez voté" not in text_of(signed_in(ResidentFactory()).get(url("vote")))
    twin = ResidentFactory()
    voted.proven(twin)
    answer = signed_in(twin).post(url("ballot"), sent | {"cast": "1"}, follow=True)
    assert "Votre identité a déjà voté" in text_of(answer)
    with scope(resident=resident.pk):
        lines = journal.entries(resident_id=resident.pk, limit=9)
    [line] = [line for line in lines if line.event == "ballot_cast"]
    assert "for" not in str(line.details), "one entry, whatever was replaced"


def test_at_the_desk_two_agents_take_a_paper_ballot_and_neither_has_the_name_and_the_choice(vote, resident, client):
    agent, colleague = AgentFactory(), AgentFactory(at_desk=True)
    for name in ("paper_slip", "paper_ballot"):
        assert signed_in(agent).get(url(name)).status_code == 403
    agent.at_desk = True
    agent.save()
    first, second = signed_in(agent), signed_in(colleague)
    page = url("paper_slip")
    assert "coche elle-même la liste" in text_of(first.post(page, CIVIL))
    assert "lettres latines" in text_of(first.post(page, CIVIL | {"signed": "on", "family_name": "—"}))
    new = signed_in(AgentFactory(at_desk=True, new=True))
    assert new.post(page, CIVIL | {"signed": "on"}).status_code == 403
    former, number = (slip_number(first.post(page, CIVIL | {"signed": "on"})) for _twice in "12")
    page = url("paper_ballot")
    sent = {"number": number.lower().replace("-", " "), "choice_0": "for", "choice_1": "against"}
    assert "relit ses choix" in text_of(second.post(page, sent))
    sent |= {"read_again": "on", "birthdate": "04051988"}
    for wrong in ("", "4 mai", "31021988", "0405198", "٠٤٠٥١٩٨٨"):
        page_shown = text_of(second.post(page, sent | {"birthdate": wrong}))
        assert "Erreur" in page_shown and "n’est pas attendu" not in page_shown, "no try is counted"
    shown = second.post(page, sent | {"number": "ABCD-1234"}).content.decode()
    assert 'type="password"' in shown and "04051988" not in shown
    assert "une autre personne décide" in text_of(first.post(page, sent)), "the agent who gave the number"
    assert new.post(page, sent).status_code == 403
    for wrong in (former, "ABCD-1234"):
        assert "n’est pas attendu" in text_of(second.post(page, sent | {"number": wrong}))
    shown = text_of(second.get(page))
    assert "Nom de naissance" not in shown and "checked" not in shown
    answer = second.post(page, sent, follow=True)
    assert "Le bulletin est déposé" in text_of(answer) and "checked" not in answer.content.decode()
    assert "n’est pas attendu" in text_of(second.post(page, sent)), "a number serves once"
    # The same person with an account, whose names FranceConnect writes otherwise: nothing says that they voted.
    browser = signed_in(resident)
    status = {"family_name": "KERVELLA", "given_name": "Nadia-Anne", "birthdate": "1988-05-04"}
    prove(browser, resident, status)
    with scope(resident=resident.pk):
        assert not ProvenIdentity.objects.exists(), "nothing is kept that the resident did not ask for"
    assert "vient de prouver" in text_of(browser.get(url("vote")))
    browser.post(url("vote"))
    with scope(resident=resident.pk):
        kept = ProvenIdentity.objects.get()
        assert kept.means == Means.FRANCECONNECT and identities.of(resident) is None, "FranceConnect is not linked"
    links.link(user=resident, identity=Identity("franceconnect", "sub-1", "eidas1"))
    page = text_of(browser.get(url("vote")))
    assert "Remplir mon bulletin" in page and "déjà voté" not in page and "Vous avez voté" not in page
    page = text_of(browser.post(url("ballot"), {"choice_0": "against", "cast": "1"}, follow=True))
    assert "Votre bulletin est déposé" in page and "Vous avez voté" in page, "and it is not counted"
    for broken in ({"birthdate": "1988-05"}, {"family_name": ""}, {"given_name": ""}):
        other = signed_in(stranger := ResidentFactory())
        prove(other, stranger, status | broken)
        assert "vient de prouver" not in text_of(other.get(url("vote")))
    without_a_day = signed_in(stranger := ResidentFactory())
    prove(without_a_day, stranger, status | {"birthdate": "1988-00-00"})
    assert "vient de prouver" in text_of(without_a_day.get(url("vote")))
    taken = signed_in(stranger)
    prove(taken, resident, status)
    taken.post(url("vote"))
    with scope(resident=stranger.pk):
        assert not ProvenIdentity.objects.exists(), "what was proved for another user serves nobody"


def slip_number(answer):
    assert "Kervella" not in text_of(answer)
    [number] = re.findall(r"\b[0-9A-Z]{4}-[0-9A-Z]{4}\b", text_of(answer))
    return number


def prove(browser, user, status):
    """Offer a civil status in the browser's session, as the return of FranceConnect does."""
    session = browser.session
    request = RequestFactory().get("/")
    request.session = session
    identities.remember(request, user.pk, status)
    session.save()


def test_at_the_desk_two_agents_prove_an_identity_each_in_a_visit(resident):
    agent, browser, visit = visited(resident, "home")
    page = reverse("debates:prove_identity")
    assert "Recopiez le papier" in text_of(browser.get(page))
    assert "Erreur" in text_of(browser.post(page, {"family_name": "Kervella"}))
    sent = CIVIL | {"visit": str(visit.pk)}
    stale = browser.post(page, sent | {"visit": str(uuid4())})
    assert "Ouvrez d’abord la visite" in text_of(stale), "the form was opened for another resident"
    with scope(resident=visit.resident_id):
        assert not ProvenIdentity.objects.exists() and not IdentityCheck.objects.exists()
    for _twice in "12":
        assert "Un autre agent doit aussi vérifier" in text_of(browser.post(page, sent, follow=True))
    with scope(resident=visit.resident_id):
        assert not ProvenIdentity.objects.exists()
        assert journal.entries(resident_id=visit.resident_id, limit=1)[0].event == "identity_checked"
    desk.finish(visit=visit, agent=agent)
    assert "Ouvrez d’abord la visite" in text_of(browser.get(page))
    _colleague, second, visit = visited(resident, "home")
    assert "Un autre agent a vérifié ce papier" in text_of(second.get(page))
    sent |= {"visit": str(visit.pk)}
    answer = text_of(second.post(page, sent | {"given_names": "Nadine"}, follow=True))
    assert "n’a pas lu la même chose" in answer and "Nadia" not in answer
    agent, browser, visit = visited(resident, "home")
    sent |= {"visit": str(visit.pk), "given_names": "nadine"}
    assert "L’identité est prouvée" in text_of(browser.post(page, sent, follow=True))
    with scope(resident=visit.resident_id):
        assert ProvenIdentity.objects.get().means == Means.DESK and not IdentityCheck.objects.exists()
        assert journal.entries(resident_id=visit.resident_id, limit=1)[0].event == "identity_proven"


@pytest.mark.django_db
def test_two_agents_who_may_not_decide_together_prove_no_identity():
    agathe, bertrand, new = keeper(), keeper("Bertrand Colas"), keeper("Nora Le Gall", new=True)
    first, second = signed_in(agathe), signed_in(bertrand)
    page, visit = reverse("debates:prove_identity"), opened(agathe, first)
    assert first.post(page, CIVIL | {"visit": str(visit.pk)}).status_code == 302
    sheet = sheet_of(visit, agathe)
    third = signed_in(new)
    back = come_back(new, third, sheet, "home")
    assert third.post(page, CIVIL | {"visit": str(back.pk)}).status_code == 403, "not yet one of two"
    back = come_back(bertrand, second, sheet, "home")
    with scope(resident=back.resident_id):
        assert not ProvenIdentity.objects.exists()
    assert second.post(page, CIVIL | {"visit": str(back.pk)}).status_code == 302
    with scope(resident=visit.resident_id):
        assert ProvenIdentity.objects.get().means == Means.DESK


@pytest.mark.django_db
def test_a_check_of_an_identity_waits_for_seven_days(time_machine):
    agathe, bertrand = keeper(), keeper("Bertrand Colas")
    first = signed_in(agathe)
    page, visit = reverse("debates:prove_identity"), opened(agathe, first)
    first.post(page, CIVIL | {"visit": str(visit.pk)})
    sheet = sheet_of(visit, agathe)
    time_machine.move_to(timezone.now() + timedelta(days=7, minutes=1))
    second = signed_in(bertrand)
    back = come_back(bertrand, second, sheet, "home")
    second.post(page, CIVIL | {"visit": str(back.pk)})
    with scope(resident=visit.resident_id):
        assert not ProvenIdentity.objects.exists() and IdentityCheck.objects.get().checked_by == bertrand


def test_no_page_shows_a_count_before_the_end_and_everybody_reads_it_after(vote, as_release, client):
    for number in range(12):
        voted.put(vote, number, (voted.YES if number else voted.NO, voted.NONE))
    agent, resident = signed_in(AgentFactory()), signed_in(ResidentFactory())
    pages = ("debate", "result", "vote", "agents_vote", "posts")
    for browser in (Client(), agent, resident):
        for page in pages:
            text = re.sub(r"<svg.*?</svg>|\d\d? h", "", text_of(browser.get(url(page))))
            assert not re.search(r"\b1[12]\b (personnes|bulletins d|voix)", text), page
    assert client.get(url("result_file")).status_code == 404
    assert "Pas encore de résultat" in text_of(client.get(url("result")))
    with as_release():
        assert counting.count(vote_id=vote.pk, now=vote.closes_at)
    page = text_of(client.get(url("result")))
    winner = vote.titles[0]
    assert f"« {winner} » est approuvée" in page and "12 personnes ont voté." in page and "11" in page
    assert "Rejetée" not in page and "À égalité" in page
    assert client.get(url("result_file")).json()["publication"]["ballots"]["in_all"] == 12


def test_a_page_of_the_debate_decodes_one_publication(campaign, client, monkeypatch):
    decode = Mock(side_effect=canonical.decode)
    monkeypatch.setattr(canonical, "decode", decode)
    voted.proposal(campaign)
    client.get(url("debate"))
    assert decode.call_count == 1


def test_a_void_vote_says_so_and_shows_no_number(vote, as_release, client):
    voted.put(vote, 1)
    with as_release():
        counting.count(vote_id=vote.pk, now=vote.closes_at)
    assert "Le vote est nul" in text_of(client.get(url("result")))
