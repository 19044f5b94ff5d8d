"""An invited group: its codes, its vote before the opening, and a consultation that opens only on its yes."""

import re
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_scopes import scope

from campaigns.contributions import across, leaving, offer
from campaigns.contributions.actions import contributing, group
from campaigns.contributions.models import Invitation, Membership
from campaigns.contributions.presenting import campaign as words
from campaigns.debates import deciding, standing
from campaigns.debates.actions import casting, counting, group_votes
from campaigns.debates.enums import Choice
from campaigns.plans import opening
from campaigns.plans.actions import campaigns
from campaigns.plans.models import Campaign
from campaigns.plans.states import State
from tests.accounts.factories import AgentFactory, signed_in
from tests.campaigns import given
from tests.campaigns.debates import voted

YES, NO = Choice.FOR, Choice.AGAINST


@pytest.fixture
def campaign(transactional_db):
    return given.grouped()


@pytest.fixture
def codes(campaign):
    return group.invite(campaign=campaign, by=campaign.created_by)


@pytest.fixture
def vote(campaign, databases):
    """The vote of the group, which follows the approval, with its keys."""
    group_votes.follow(timezone.now())
    one = standing.opening_vote(campaign)
    assert one is not None
    voted.give_keys(one, databases.url("release"))
    return one


def at(name, campaign):
    return reverse(f"debates:{name}", args=[campaign.code])


def join(resident, campaign, code):
    return group.join(resident_id=resident.pk, by=resident.pk, campaign=campaign, code=code)


def counted(vote, as_release, choices):
    """Cast the ballots of members without vaults, count them, and let the calendar follow."""
    with transaction.atomic():
        for number, choice in enumerate(choices):
            voted.put(vote, number, (choice,))
    with as_release():
        assert counting.count(vote_id=vote.pk, now=vote.closes_at)
    group_votes.follow(vote.closes_at)
    return Campaign.objects.get(pk=vote.campaign_id)


def test_a_group_that_votes_yes_opens_its_consultation_and_alone_contributes(
    campaign, codes, vote, as_release, keys_of, resident, stranger
):
    join(resident, campaign, codes[0].lower())
    with pytest.raises(opening.NotPrepared):
        group_votes.prepare(campaign)
    found = counted(vote, as_release, [YES] * 7 + [NO] * 5)
    assert deciding.decision(found) == deciding.Decision.YES
    sheet = Client().get(reverse("plans:sheet", args=[found.code])).content.decode()
    assert "7 oui, 5 non" in sheet
    keys_of(found)
    assert campaigns.open_due(found.plan.opens) == [found]
    found.refresh_from_db()
    with scope(resident=resident.pk):
        assert contributing.refusal(campaign=found, today=found.plan.opens) is None
    with scope(resident=stranger.pk):
        why = contributing.refusal(campaign=found, today=found.plan.opens)
    assert isinstance(why, contributing.NotMember)
    assert "réservée à un groupe invité" in words.why_not(why, found)
    with pytest.raises(contributing.NotOpen):
        answered = offer.of_answers(found.plan, {"mode": 1})
        contributing.from_answers(resident_id=stranger.pk, by=stranger.pk, campaign=found, answered=answered)


@pytest.mark.parametrize(
    ("choices", "words"),
    [([YES] * 6 + [NO] * 6, "n’a pas voté oui"), ([YES] * 11, "Trop peu"), ([YES] * 10, "Trop peu")],
)
def test_without_a_majority_or_enough_votes_it_never_opens_and_the_register_says_why(
    campaign, vote, as_release, choices, words
):
    assert campaigns.open_due(campaign.plan.opens) == [], "not before the count"
    found = counted(vote, as_release, choices)
    assert found.state == State.DROPPED
    assert campaigns.open_due(campaign.plan.opens) == []
    assert words in Client().get(reverse("plans:register")).content.decode()
    group_votes.follow(vote.closes_at)


def test_a_plan_approved_after_the_end_of_the_vote_does_not_open_and_its_group_is_forgotten(campaign, codes, resident):
    join(resident, campaign, codes[0])
    assert across.forget_groups(timezone.localdate()) == 0
    late = timezone.now() + timedelta(days=11)
    group_votes.follow(late)
    campaign.refresh_from_db()
    assert campaign.state == State.DROPPED and standing.opening_vote(campaign) is None
    assert across.forget_groups(timezone.localdate()) == 51
    with pytest.raises(group.NotNow):
        join(resident, campaign, codes[0])


def test_a_member_votes_once_and_may_replace_their_ballot(campaign, codes, vote, resident, stranger):
    theirs = signed_in(resident)
    assert at("group_ballot", campaign) not in theirs.get(at("group", campaign)).content.decode()
    assert theirs.post(at("group_ballot", campaign), {"choice": "for"}).status_code == 302
    with pytest.raises(group_votes.NotMember):
        group_votes.cast(resident=resident, by=resident.pk, vote=vote, choice=YES)
    assert "n’est pas celui" in theirs.post(at("group", campaign), {"code": "0000-0000-0000"}).content.decode()
    page = theirs.post(at("group", campaign), {"code": codes[3].replace("-", " ")}, follow=True).content.decode()
    assert at("group_ballot", campaign) in page
    form = theirs.get(at("group_ballot", campaign)).content.decode()
    assert "checked" not in form and form.count('type="radio"') == 2
    assert "error" in theirs.post(at("group_ballot", campaign), {}).content.decode()
    for choice in ("for", "against"):
        page = theirs.post(at("group_ballot", campaign), {"choice": choice}, follow=True).content.decode()
        assert "Vous avez voté" in page
    with pytest.raises(PermissionDenied):
        group_votes.cast(resident=resident, by=stranger.pk, vote=vote, choice=YES)
    with pytest.raises(ValueError, match="yes or no"):
        group_votes.cast(resident=resident, by=resident.pk, vote=vote, choice=Choice.NONE)


def test_no_page_has_a_count_before_the_end(campaign, codes, vote, resident):
    join(resident, campaign, codes[0])
    member, agent = signed_in(resident), signed_in(campaign.created_by)

    def seen():
        pages = [
            Client().get(reverse("plans:sheet", args=[campaign.code])),
            Client().get(reverse("plans:sheet_json", args=[campaign.code])),
            Client().get(reverse("plans:register_csv")),
            member.get(at("group", campaign)),
            agent.get(reverse("plans:plan", args=[campaign.code])),
            agent.get(at("invitations", campaign)),
        ]
        assert {page.status_code for page in pages} == {200}
        return [re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", page.content.decode()) for page in pages]

    before = seen()
    with transaction.atomic():
        for number in range(33):
            voted.put(vote, number, (YES,))
    assert seen() == before
    assert Client().get(at("group_result", campaign)).status_code == 404


def test_a_code_serves_one_account_and_leaving_gives_no_second_vote(campaign, codes, vote, resident, stranger):
    first = join(resident, campaign, codes[0])
    assert join(resident, campaign, codes[1]) == first, "one membership each"
    with pytest.raises(group.WrongCode):
        join(stranger, campaign, codes[0])
    with pytest.raises(PermissionDenied):
        group.join(resident_id=resident.pk, by=stranger.pk, campaign=campaign, code=codes[2])
    with scope(resident=stranger.pk):
        assert not Membership.objects.exists()
    group_votes.cast(resident=resident, by=resident.pk, vote=vote, choice=YES)
    leaving.erase(resident.pk)
    with pytest.raises(group.WrongCode):
        join(stranger, campaign, codes[0])


def test_codes_are_made_by_the_author_shown_once_and_kept_as_prints(campaign):
    author = signed_in(campaign.created_by)
    page = author.post(at("invitations", campaign), follow=True)
    shown = page.context["codes"]
    assert len(set(shown)) == 50 == Invitation.objects.count() and page["Cache-Control"]
    kept = b"".join(bytes(one.key) for one in Invitation.objects.all())
    assert not any(code.encode() in kept for code in shown)
    assert "ne changent plus" in author.post(at("invitations", campaign), follow=True).content.decode()
    other = AgentFactory()
    assert signed_in(other).get(at("invitations", campaign)).status_code == 404
    with pytest.raises(PermissionDenied):
        group.invite(campaign=campaign, by=other)
    open_to_all = given.opened()
    with pytest.raises(group.NotNow):
        group.invite(campaign=open_to_all, by=open_to_all.created_by)
    assert Client().get(at("group", open_to_all), follow=True).status_code in {200, 404}


def test_a_vote_on_the_opening_takes_no_ballot_of_the_debate(campaign, vote, resident):
    voted.proven(resident)
    with pytest.raises(casting.NotOpen):
        casting.cast(resident=resident, by=resident.pk, vote=vote, choices=[YES])
    assert standing.vote_of(campaign) is None, "the debate's vote is another one"
