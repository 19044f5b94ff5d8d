"""The worker of releases: a process of its own, with a role of its own, that alone loads OpenDP."""

import os
import subprocess
import sys
import time

import pytest
from django.db import connection
from django.utils import timezone

from campaigns.contributions import across
from campaigns.contributions.models import Arrival, CampaignKey, Participation, Withdrawal
from campaigns.contributions.tasks import release_due
from core.operations import health
from ops.cluster import ROOT
from ops.services import Services, releases
from tests.campaigns import given
from tests.campaigns.contributions.test_contributing import give

LIGHT = """
import sys
import django
django.setup()
import config.urls
from config.celery import app
app.loader.import_default_modules()
print(sorted({"opendp", "numpy"} & set(sys.modules)))
"""


def test_no_other_process_loads_opendp():
    done = subprocess.run([sys.executable, "-c", LIGHT], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "opendp" not in done.stdout, "the modules of web and workers are loaded, their addresses and tasks too"


def test_the_worker_makes_keys_under_its_own_role(transactional_db, databases, settings):
    campaign = given.opened()
    worker = subprocess.Popen(
        [sys.executable, *releases()],
        cwd=ROOT,
        env=os.environ | {"DATABASE_URL": databases.url("release"), "DJANGO_SETTINGS_MODULE": "config.settings.test"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        release_due.apply_async(queue="releases")
        deadline = time.monotonic() + 60
        while not CampaignKey.objects.filter(pk=campaign.pk).values("pk").exists():
            assert worker.poll() is None and time.monotonic() < deadline
            time.sleep(0.1)
        assert "releases" in health.worked_queues() and "releases" not in health.silent_queues()
    finally:
        worker.terminate()
        worker.wait(20)


def test_only_the_worker_of_releases_is_given_its_address(tmp_path, monkeypatch):
    monkeypatch.delenv("RELEASE_DATABASE_URL", raising=False)
    without = Services("127.0.0.1", 8000, {}, tmp_path)
    assert "releases" not in without.commands()
    given_one = Services("127.0.0.1", 8000, {"RELEASE_DATABASE_URL": "postgresql://release@/garant"}, tmp_path)
    assert "releases" in given_one.commands()
    started = []

    class Started:
        def __init__(self, _command, *, env, **_options):
            started.append(env)

    monkeypatch.setattr("ops.services.subprocess.Popen", Started)
    given_one.run("web")
    given_one.run("releases")
    web, worker = started
    assert "RELEASE_DATABASE_URL" not in web and "release@" not in web.get("DATABASE_URL", "")
    assert worker["DATABASE_URL"] == "postgresql://release@/garant"


@pytest.mark.django_db
def test_the_worker_is_asked_for_only_while_there_is_a_campaign():
    assert "releases" not in health.worked_queues()
    given.opened()
    assert "releases" in health.worked_queues()


def test_after_a_restore_no_contribution_comes_back(transactional_db, databases, as_release, resident):
    from django_scopes import scope

    from campaigns.contributions.actions import keys
    from config import environment

    campaign = given.opened(sensitivity="low", milestones=True)
    with as_release():
        keys.make(campaign_id=campaign.pk)
    given.trip(resident)
    give(resident, campaign)
    with scope(resident=resident.pk):
        Participation.objects.update(counts_from=timezone.localdate())
    connection.close()
    web = dict(connection.settings_dict)
    connection.settings_dict.update(environment.database(databases.url("owner")))
    try:
        assert across.forget_uncounted() == 1
        assert across.forget_uncounted() == 0
        assert not Arrival.objects.exists()
    finally:
        connection.close()
        connection.settings_dict.update(web)
    with scope(resident=resident.pk):
        assert not Participation.objects.exists()
        assert Withdrawal.objects.count() == 1, "milestones may have counted it: they do not count it again"
    give(resident, campaign)
