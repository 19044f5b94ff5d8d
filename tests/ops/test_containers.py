"""What a builder is sent, and what lies in the image: the program, and nothing that an operator put there."""

import shutil
import subprocess
from pathlib import Path

import pytest

from ops import containers
from ops.cluster import ROOT

#: All that a builder is sent. Another name here is a decision: who has the image has it.
SENT = {
    "LICENSE",
    "accounts",
    "campaigns",
    "certification",
    "locale",
    "manage.py",
    "ops",
    "platform",
    "requirements.txt",
}
SENT |= {"services", "static", "templates", "vault"}


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Make a small clone with the project's own Dockerfile and .dockerignore."""
    for name in ("Dockerfile", ".dockerignore"):
        shutil.copy(ROOT / name, tmp_path / name)
    for name in ("manage.py", "vault/models.py", "tests/test_x.py", "ops/messages.py", "ops/bare.py", "docs/a.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    subprocess.run(["git", "add", "."], cwd=tmp_path, check=True)
    return tmp_path


def test_a_builder_is_sent_the_program_and_nothing_else() -> None:
    sent = containers.context(ROOT)
    assert {path.split("/")[0] for path in sent} == SENT
    assert [path for path in sent if path.startswith("ops/")] == ["ops/messages.py"]
    assert [path for path in sent if "__pycache__" in path or path.startswith("platform/demo/")] == []


def test_the_image_of_this_version_has_no_fault() -> None:
    """A file that is not committed yet is the developer's own matter: the release refuses it."""
    assert [one for one in containers.faults(ROOT) if "not in the repository" not in one] == []


@pytest.mark.parametrize(
    "name",
    ["secret", "environment", "owner", ".env", "keyring.json", "seal.p12", "var/keyring.json", ".git/config", "notes"],
)
def test_what_an_operator_puts_beside_compose_is_not_sent(clone: Path, name: str) -> None:
    (clone / name).parent.mkdir(exist_ok=True)
    (clone / name).write_text("canary")
    assert containers.context(clone) == ["manage.py", "ops/messages.py", "vault/models.py"]
    assert list(containers.faults(clone)) == []


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("vault/checkpoints.pem", "looks like a secret"),
        ("vault/secret", "looks like a secret"),
        ("vault/tests/test_x.py", "of no use"),
        ("vault/notes.py", "not in the repository"),
    ],
)
def test_what_has_no_place_in_the_image_is_named(clone: Path, name: str, says: str) -> None:
    (clone / name).parent.mkdir(exist_ok=True)
    (clone / name).touch()
    (fault,) = containers.faults(clone)
    assert fault.startswith(name) and says in fault


def test_a_wider_allow_list_is_noticed(clone: Path) -> None:
    (clone / "secret").touch()
    (clone / ".dockerignore").write_text("var\n")
    named = " ".join(containers.faults(clone))
    assert "secret looks like a secret" in named and "tests/test_x.py" in named and ".git/config" in named


def test_an_image_that_runs_as_root_is_noticed(clone: Path) -> None:
    file = clone / "Dockerfile"
    file.write_text(file.read_text().replace("USER garant\n", ""))
    assert "The image runs as root: set USER." in list(containers.faults(clone))


def test_an_instruction_that_is_not_read_stops_the_check() -> None:
    with pytest.raises(ValueError, match="ADD is not read"):
        containers.stages("FROM scratch\nADD . .\n", [])


def test_the_command_lists_the_stages() -> None:
    done = subprocess.run(
        ["python3", "-m", "ops.containers", "check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert "built, from" in done.stdout and "image, from" in done.stdout and "as garant" in done.stdout
