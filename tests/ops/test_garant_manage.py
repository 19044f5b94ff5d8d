"""The command of the installed portal takes its variables as systemd gives them to the services."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "ops" / "debian" / "garant-manage"
VALUES = {
    "STORAGE_URL": "s3://bucket/loc?region_name=eu-west-3&endpoint_url=https://s3.example",
    "EMAIL_HOST_PASSWORD": "p$$w`id`$(id) #é",
    "DEFAULT_FROM_EMAIL": '"Ville <a@b.example>"',
    "EMPTY": "",
}


@pytest.fixture
def installed(tmp_path):
    """The script, with the folders of this test in place of the machine's, and a command that prints its variables."""
    etc, opt = tmp_path / "etc", tmp_path / "opt"
    (opt / ".venv" / "bin").mkdir(parents=True)
    etc.mkdir()
    (opt / ".venv" / "bin" / "python").symlink_to("/usr/bin/env")
    text = SCRIPT.read_text().replace("/etc/garant", str(etc)).replace("cd /opt/garant", f"cd {opt}")
    text = text.replace("runuser -u garant --", "").replace('manage.py "$@"', "-0")
    (tmp_path / "garant-manage").write_text(text)
    (etc / "environment").write_text("# the city\n" + "".join(f"{name}={value}\n" for name, value in VALUES.items()))
    (etc / "secret").write_text("SECRET_KEY=s3cr&t")  # without a last newline
    (etc / "owner").write_text("MIGRATION_DATABASE_URL=postgresql://owner:a&b@/garant\n")
    return tmp_path / "garant-manage"


def variables_of(script, *arguments):
    done = subprocess.run(["/bin/sh", str(script), *arguments], capture_output=True, text=True, check=True, env={})
    return dict(one.split("=", 1) for one in done.stdout.split("\0") if "=" in one)


def test_no_shell_reads_a_value(installed):
    found = variables_of(installed, "doctor")
    assert {name: found[name] for name in VALUES} == VALUES | {"DEFAULT_FROM_EMAIL": "Ville <a@b.example>"}
    assert found["SECRET_KEY"] == "s3cr&t" and "MIGRATION_DATABASE_URL" not in found


def test_the_owner_s_address_comes_only_when_it_is_asked_for(installed):
    assert variables_of(installed, "--owner", "migrate")["MIGRATION_DATABASE_URL"] == "postgresql://owner:a&b@/garant"


def test_a_command_whose_database_is_down_says_so_in_one_sentence():
    """Each command that asks the database: this one stands for them."""
    environment = {"PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "config.settings.dev"}
    done = subprocess.run(
        [sys.executable, "manage.py", "add_agent", "zoe@ville.example", "Zoé"],
        cwd=ROOT,
        env=environment | {"DATABASE_URL": "postgresql://web@127.0.0.1:1/garant"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("The database does not answer, or refused: ") and "Traceback" not in done.stderr
