"""The demonstration's counted vote: by the real code, in a process of the role `release`."""

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from campaigns.debates import standing, verification
from campaigns.debates.models import Post
from campaigns.debates.presenting import counts
from campaigns.results import published
from demo.seeding import voting
from tests.campaigns import given
from tests.campaigns.results import published as drawn


def test_a_vote_is_furnished_and_counted_once(transactional_db, databases, monkeypatch):
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "config.settings.test")
    monkeypatch.setenv("RELEASE_DATABASE_URL", databases.url("release"))
    campaign = given.opened()
    drawn.publish_at(databases.url("release"), campaign, drawn.drawn(campaign.plan, 300))
    for _again in range(2):
        call_command("demo_vote", campaign.code)
    vote = standing.vote_of(campaign)
    assert vote is not None
    row = standing.count_of(vote.pk)
    assert row is not None and verification.problems(counts.as_file(row, vote)) == []
    told = counts.document_of(row)["ballots"]
    assert told == {"in_all": voting.BALLOTS, "on_paper": voting.ON_PAPER, "unreadable": 0}
    [results] = published.all_of(campaign)
    assert min(post.written_on for post in Post.objects.all()) >= results.row.published_on
    assert timezone.localdate(vote.closes_at) >= results.row.published_on
    assert Post.objects.proposals().count() == len(voting.PROPOSALS)
    with pytest.raises(CommandError):
        call_command("demo_vote", "nothing")
