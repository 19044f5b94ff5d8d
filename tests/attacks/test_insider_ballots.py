"""What one dishonest agent does to a vote: a proposal kept out of it, a paper ballot under somebody else's name."""

import re
from contextlib import suppress
from datetime import date, timedelta

import pytest
from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone, translation
from django_scopes import scope

from campaigns.debates.actions import identities, posts, votes
from campaigns.debates.enums import VoteState
from campaigns.debates.models import Authorship, Moderation, Vote
from tests.accounts.factories import AgentFactory, ResidentFactory, signed_in
from tests.attacks.campaigns.test_votes_from_inside import count, night  # noqa: F401 - fixtures
from tests.campaigns.conftest import as_release, keys_of  # noqa: F401 - fixtures
from tests.campaigns.debates import voted
from tests.campaigns.debates.conftest import campaign, vote  # noqa: F401 - fixtures
from tests.campaigns.debates.voted import NO

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _french_and_fresh_limits():
    cache.clear()
    with translation.override("fr"):
        yield


def test_one_agent_alone_keeps_no_proposal_out_of_a_vote(campaign):  # noqa: F811
    """They set it aside and ask for the vote in the same minute; a second person approves before its author reads."""
    insider, second, third = (AgentFactory() for _ in range(3))
    author = ResidentFactory()
    voted.proposal(campaign, "Un parking")
    with scope(resident=author.pk):
        bus = posts.propose(
            resident_id=author.pk, by=author.pk, campaign=campaign, title="Un bus", text="Toutes les 15 minutes."
        )
        assert Authorship.objects.filter(post=bus).exists()
    page = {name: reverse(f"debates:{name}", args=[campaign.code]) for name in ("propose_vote", "decide_vote")}
    browser = signed_in(insider)
    aside = reverse("debates:set_aside", args=[campaign.code, bus.pk])
    browser.post(aside, {"rule": "outside", "reasons": "Hors sujet."})
    day = timezone.localdate() + timedelta(days=3)
    until = {"day_day": day.day, "day_month": day.month, "day_year": day.year, "hour": "20"}
    browser.post(page["propose_vote"], until)
    waiting = Vote.objects.filter(campaign=campaign).first()
    if waiting is not None:
        shown = signed_in(second).get(page["decide_vote"]).context["form"].initial["shown"]
        signed_in(second).post(page["decide_vote"], {"shown": str(shown), "decision": "approve", "words": ""})
    # An hour later its author reads the e-mail; another agent finds them right.
    held = posts.appeal(
        resident_id=author.pk, by=author.pk, moderation=Moderation.objects.get(post=bus), words="C’est le sujet."
    )
    posts.decide_appeal(moderation=held, by=third, upheld=True, words="C’est bien le sujet.")
    with suppress(votes.Contested, votes.NotNow):
        if waiting is not None:
            votes.approve(vote=waiting, by=second)
    found = Vote.objects.filter(campaign=campaign, state=VoteState.APPROVED).first()
    assert found is None or str(bus.pk) in {one["id"] for one in found.options}


def test_one_agent_at_the_desk_takes_nobodys_vote_away_when_somebody_else_votes_on_paper(vote, night, count):  # noqa: F811
    """They write another name than that of the voter before them, who votes, and ticks their own name on the roll."""
    insider, second = (AgentFactory(at_desk=True) for _ in range(2))
    born = date(1988, 5, 4)
    absent = identities.pseudonym(family_name="Astruc", given_names="Paul", birthdate=born)
    for number in range(2, 13):
        voted.put(vote, number, (NO, NO))
    voted.put(vote, 0, (NO, NO), identity=absent)
    night()
    code = vote.campaign.code
    written = {"family_name": "Astruc", "given_names": "Paul", "signed": "on"}
    written |= {"birthdate_day": "4", "birthdate_month": "5", "birthdate_year": "1988"}
    slip = signed_in(insider).post(reverse("debates:paper_slip", args=[code]), written).content.decode()
    [number] = re.findall(r"\b[0-9A-Z]{4}-[0-9A-Z]{4}\b", slip)
    ballot = {"number": number, "choice_0": "for", "choice_1": "for", "read_again": "on"}
    browser, page = signed_in(second), reverse("debates:paper_ballot", args=[code])
    for typed in ("31031961", "31031961", "31031960", "04051988"):
        said = browser.post(page, ballot | {"birthdate": typed}).content.decode()
        assert "n’est pas attendu avec cette date" in said, "the voter's own date, then any: the number is spent"
    night(2)
    document = count(vote)
    assert document["counts"][0]["against"] == 12, "the ballot of Paul Astruc, who never came"
