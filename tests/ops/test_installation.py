"""The installation of docs/operations.md, line by line, with production's settings and its two roles."""

import json
import re
import shlex
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from ops.cluster import ROOT
from tests.faults.test_worker_killed import BROKERS, PORTS, answers
from tests.ops.installed import Server

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("installed")]


def scheduler() -> str:
    """Return the command of the scheduler."""
    (command,) = re.findall(r"^\| scheduler \| `(.*?)`", (ROOT / "docs" / "operations.md").read_text(), re.MULTILINE)
    return str(command)


def test_each_command_of_the_page_succeeds_in_its_turn(server: Server) -> None:
    assert [words for words, done in server.answers.items() if done.returncode] == []
    named = [words.split()[0] for words in server.answers]
    assert named[:3] == ["make_keyring", "make_checkpoint_key", "make_receipt_key"] and named[-1] == "check"
    assert "migrate" in named and "make_seal" in named


def test_the_city_has_its_contents_and_its_first_agents(server: Server) -> None:
    counted = "(SELECT count(*) FROM {})"
    tables = ("records_paperkind", "records_holder", "labels_charterversion", "accounts_user WHERE is_staff")
    with psycopg.connect(server.owner) as connection:
        found = connection.execute(f"SELECT {', '.join(map(counted.format, tables))}").fetchone()
    assert found is not None and all(found) and found[3] == 2


def test_the_page_compiles_the_english_texts() -> None:
    page = (ROOT / "docs" / "operations.md").read_text()
    assert "\npython -m ops.messages compile " in page
    done = subprocess.run([sys.executable, "-m", "ops.messages", "compile"], cwd=ROOT, check=False)
    assert done.returncode == 0 and (ROOT / "locale" / "en" / "LC_MESSAGES" / "django.mo").exists()


def test_the_night_s_commands_succeed(server: Server) -> None:
    assert [server.run(name).returncode for name in ("purge", "verify_journal")] == [0, 0]


def test_a_second_seal_is_not_made(server: Server) -> None:
    again = server.run("make_seal", "Villebrume")
    assert again.returncode == 1 and "is there already" in again.stderr


@pytest.mark.parametrize("broker", BROKERS)
def test_the_scheduler_starts_with_each_broker(server: Server, broker: str, tmp_path: Path) -> None:
    if broker in PORTS and not answers(broker):
        pytest.skip(f"NO {broker.upper()} AT 127.0.0.1:{PORTS[broker]}")
    variables = server.variables | {"BROKER_URL": BROKERS[broker], "GARANT_VAR": str(tmp_path)} | server.keys()
    del variables["SECRET_KEY"]
    words = [sys.executable, "-m", *shlex.split(scheduler())]
    log = tmp_path / "beat.log"
    with open(log, "w") as output:
        beat = subprocess.Popen(words, cwd=ROOT, env=variables, stdout=output, stderr=output)
    try:
        deadline = time.monotonic() + 60
        while "beat: Starting" not in log.read_text():
            assert beat.poll() is None and time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        assert all(json.loads(line)["logger"].startswith(("celery", "core")) for line in log.read_text().splitlines())
    finally:
        beat.kill()
        beat.wait()
