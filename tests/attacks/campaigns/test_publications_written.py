"""Whoever writes to the database as `release`, without the portal's keys, publishes no result."""

import hashlib
import json

import psycopg
from django.test import Client

from campaigns.contributions.models import Publication
from campaigns.results import published
from tests.campaigns import given
from tests.campaigns.conftest import as_release  # noqa: F401 - a fixture
from tests.campaigns.results import published as made
from tests.campaigns.results.test_pages import own_storage  # noqa: F401 - a fixture


def test_a_result_written_by_sql_is_on_no_page(transactional_db, databases, as_release):  # noqa: F811
    campaign = given.opened(zoning=made.mapped()["zoning"])
    with as_release():
        made.publish(campaign, made.drawn(campaign.plan, 2_000))
    [first] = published.all_of(campaign)
    row = Publication.objects.get()
    told = json.loads(row.document)
    told["noisy_n"]["value"] = 9_999
    document = json.dumps(told)
    sha256 = hashlib.sha256(document.encode()).hexdigest()
    with psycopg.connect(databases.url("release"), autocommit=True) as release:
        release.execute(
            'INSERT INTO campaigns.publication (id, campaign_id, "window", published_on, document, sha256,'
            " previous_sha256, note) SELECT gen_random_uuid(), campaign_id, 'w2', published_on, %s, %s, sha256, note"
            " FROM campaigns.publication",
            [document, sha256],
        )
    assert [one.row.pk for one in published.all_of(campaign)] == [first.row.pk]
    assert "9 999" not in Client().get("/consultations/trajets/resultats/").content.decode().replace("\u202f", " ")
    assert Client().get("/consultations/trajets/resultats/w2/").status_code == 404
