"""The antivirus client follows clamd's protocol, and accepts only an exact OK."""

import io

import pytest
from django.core.exceptions import ImproperlyConfigured

from config import environment
from core.files import antivirus
from tests.core.clamd import EICAR, SIGNATURE, clamd


@pytest.fixture(params=["tcp", "unix"])
def server(request, settings, tmp_path_factory):
    with clamd(tmp_path_factory.mktemp("c") if request.param == "unix" else None) as (server, address):
        settings.CLAMD_URL = address
        yield server


def test_a_harmless_file_passes_and_clamd_gets_its_bytes(server):
    content = bytes(range(256)) * 1000
    assert antivirus.find(io.BytesIO(content)) is None
    assert server.scanned == [content]


def test_the_test_virus_is_reported_with_its_name(server):
    assert antivirus.find(io.BytesIO(b"x" * 100_000 + EICAR)) == SIGNATURE


@pytest.mark.parametrize("trouble", ["garbage", "silent", "hangs up"])
def test_an_invalid_answer_is_not_accepted(server, trouble, monkeypatch):
    monkeypatch.setattr(antivirus, "SECONDS", 0.2)
    monkeypatch.setattr(antivirus, "PING_SECONDS", 0.2)
    server.trouble = trouble
    with pytest.raises(antivirus.NotAnswering):
        antivirus.find(io.BytesIO(b"x" * 1000))
    assert not antivirus.answers()


def test_a_file_over_the_limit_raises(server):
    server.limit = 1000
    with pytest.raises(antivirus.OverItsLimit):
        antivirus.find(io.BytesIO(b"x" * 1001))


def test_a_stopped_server_does_not_answer(settings, tmp_path):
    settings.CLAMD_URL = f"unix://{tmp_path}/none.ctl"
    with pytest.raises(antivirus.NotAnswering):
        antivirus.find(io.BytesIO(b"x"))
    assert not antivirus.answers()


def test_a_running_server_answers(server):
    assert antivirus.answers()


@pytest.mark.parametrize("address", ["", "tcp://clamav:3310", "unix:///run/clamav/clamd.ctl"])
def test_valid_urls_are_accepted(address):
    assert environment.antivirus(address) == address


@pytest.mark.parametrize("address", ["clamav:3310", "http://clamav", "unix://clamd.ctl", "tcp:///x"])
def test_invalid_urls_stop_the_start(address):
    with pytest.raises(ImproperlyConfigured, match="CLAMD_URL"):
        environment.antivirus(address)
