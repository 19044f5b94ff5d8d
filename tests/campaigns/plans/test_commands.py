"""Commands on files: a rehearsal by the code of releases, its verification, and OpenDP loaded nowhere else."""

import json
import subprocess
import sys

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from ops.cluster import ROOT
from tests.attacks.campaigns.measures import rows
from tests.campaigns.made import document


@pytest.fixture
def files(tmp_path):
    plan, listed = tmp_path / "plan.json", tmp_path / "rows.jsonl"
    plan.write_text(json.dumps(document()))
    with listed.open("w") as out:
        for number, row in enumerate(rows(420)):
            out.write(json.dumps({**row, "window": "w1" if number < 20 else "w2"}) + "\n")
    return plan, listed


def test_a_rehearsal_is_verified(files, tmp_path, capsys):
    call_command("rehearse", str(files[0]), str(files[1]), windows=True)
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one["outcome"] for one in told] == ["postponed", "published"]
    # Those of the first window wait for the second.
    assert abs(told[1]["noisy_n"]["value"] - 420) < 60
    published = []
    for number, one in enumerate(told):
        published.append(tmp_path / f"{number}.json")
        published[-1].write_text(json.dumps(one, indent=1))
    call_command("verify_publication", str(files[0]), *map(str, published))
    assert "Verified." in capsys.readouterr().out
    told[1]["tables"][0]["cells"][0] = {"at": [0], "shown": True, "value": 1, "low": 0, "high": 2}
    published[1].write_text(json.dumps(told[1]))
    with pytest.raises(CommandError, match="rounded"):
        call_command("verify_publication", str(files[0]), *map(str, published))


def test_a_rehearsal_on_personas_needs_no_file_of_rows(files, capsys):
    call_command("rehearse", str(files[0]), personas=400)
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert told[0]["outcome"] == "published" and abs(told[0]["noisy_n"]["value"] - 400) < 60
    modes = next(table for table in told[0]["tables"] if table["code"] == "modes")
    assert any(cell["shown"] for cell in modes["cells"])
    for wrong in ([str(files[0])], [str(files[0]), str(files[1]), "--personas", "3"]):
        with pytest.raises(CommandError, match="--personas"):
            call_command("rehearse", *wrong)


def test_faults_are_said(files, tmp_path):
    files[0].write_text(json.dumps(document(colour="blue")))
    with pytest.raises(CommandError, match="unknown_field"):
        call_command("rehearse", str(files[0]), str(files[1]))
    files[0].write_text(json.dumps(document()))
    files[1].write_text('{"mode": 9}\n')
    with pytest.raises(CommandError, match="out of bounds"):
        call_command("rehearse", str(files[0]), str(files[1]))
    files[1].write_text("{")
    with pytest.raises(CommandError, match="Unreadable"):
        call_command("rehearse", str(files[0]), str(files[1]))


def test_only_the_mechanism_imports_opendp_and_inside_its_function():
    using = [
        str(file.relative_to(ROOT))
        for file in (ROOT / "campaigns").rglob("*.py")
        if "import opendp" in file.read_text() or "from opendp" in file.read_text()
    ]
    assert using == ["campaigns/noise/mechanism.py"]


def test_the_web_does_not_load_opendp():
    code = (
        "import sys, django\ndjango.setup()\n"
        "import config.urls, config.celery, campaigns.noise.rehearsal, campaigns.noise.verifying\n"
        "sys.exit('opendp' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
