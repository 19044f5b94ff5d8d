"""What a child gives up, where the kernel lets it; what happens where it does not; and who the children are."""

import ctypes
import io
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from core import jobs
from core.confinement import inside, seccomp, starting
from core.operations import health
from ops.cluster import ROOT
from tests.fixtures import hostile
from vault.readers import Unreadable, sandbox
from vault.records.actions.files import examine

MACHINES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
PAGE = ROOT / "docs" / "decisions" / "0057-children-that-own-nothing.md"
#: A child whose kernel lacks Landlock: it asks by a number that no call has.
WITHOUT_LANDLOCK = f"""
import sys
sys.path[:0] = [{str(ROOT)!r}, {str(ROOT / "platform")!r}]
from core.confinement import inside, landlock
landlock.CREATE_RULESET = 9_999
inside.confine(memory=1 << 29, cpu_seconds=5)
print("confined in part", flush=True)
"""


def numbers_of_libseccomp(machine: str, name: str) -> int | None:
    library = ctypes.CDLL("libseccomp.so.2")
    library.seccomp_syscall_resolve_name_arch.argtypes = [ctypes.c_uint32, ctypes.c_char_p]
    number = int(library.seccomp_syscall_resolve_name_arch(MACHINES[machine], name.encode()))
    return number if number >= 0 else None


@pytest.mark.parametrize("machine", MACHINES)
def test_the_numbers_of_system_calls_are_libseccomps(machine: str) -> None:
    try:
        ctypes.CDLL("libseccomp.so.2")
    except OSError:
        pytest.skip("NO libseccomp ON THIS MACHINE: no number was compared")
    place = seccomp.MACHINES[machine][0]
    known = seccomp.NUMBERS | seccomp.REFUSED_TO_BROWSERS | {"socket": seccomp.SOCKET}
    assert {name: numbers[place] for name, numbers in known.items()} == {
        name: numbers_of_libseccomp(machine, name) for name in known
    }
    assert seccomp.MACHINES[machine][1:] == (MACHINES[machine], numbers_of_libseccomp(machine, "seccomp"))


@pytest.mark.parametrize("machine", MACHINES)
def test_each_machine_has_a_filter_that_the_kernel_can_hold(machine: str) -> None:
    code = list(seccomp.filtered(machine, own=1, writes=True, runs=True))
    assert {len(one) for one in code} == {8} and len(code) < 4_096
    assert code[-1] == seccomp._do(seccomp.RETURN, seccomp.REFUSE | 1)


def run(program: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-I", "-c", program], env=variables, capture_output=True, text=True, check=False, timeout=60
    )


def test_a_child_whose_kernel_lacks_a_layer_ends_before_it_reads() -> None:
    done = run(WITHOUT_LANDLOCK)
    assert done.returncode != 0 and "confined in part" not in done.stdout


def test_elsewhere_than_in_production_it_gives_up_what_it_can() -> None:
    program = WITHOUT_LANDLOCK.replace("9_999", "9_999; landlock.version = lambda: 0")
    assert run(program, **{inside.PARTIAL: "1"}).stdout == "confined in part\n"
    assert run(program).returncode != 0


def test_only_production_demands_every_layer(settings: Any) -> None:
    assert inside.PARTIAL in starting.options()["env"]
    settings.PRODUCTION = True
    assert inside.PARTIAL not in starting.options()["env"]


@pytest.fixture
def unable(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Production, on a kernel without Landlock."""
    settings.PRODUCTION = True
    monkeypatch.setattr(starting, "missing_layers", lambda: ("Landlock",))


def test_production_reads_no_file_where_a_child_cannot_be_confined(
    unable: None, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subprocess, "Popen", lambda *_words, **_options: pytest.fail("a child was started"))
    with pytest.raises(Unreadable) as refusal:
        sandbox.ask(sandbox.CHILD, "raster", {}, hostile.pdf(), cpu_seconds=5, most=1)
    assert refusal.value.code == "not_confined"
    assert "ne peut pas lire de fichier en sécurité" in str(refusal.value)
    assert [record.code for record in caplog.records] == ["Landlock"]  # type: ignore[attr-defined]
    assert caplog.records[0].levelname == "ERROR"


def test_a_paper_waits_there_and_is_not_refused(unable: None, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(jobs.Later) as waiting:
        examine(io.BytesIO(hostile.pdf()), resident_id=uuid4(), trust_test_authority=False)
    assert waiting.value.code == "not_confined"
    assert "run the doctor" in caplog.text


@pytest.mark.django_db
def test_the_operator_is_alerted(unable: None) -> None:
    assert health.parts_that_answer()["confinement"] is False
    assert 'garant_up{part="confinement"} == 0' in (ROOT / "ops" / "alerts.yml").read_text()


def test_no_process_of_the_portal_can_be_looked_into() -> None:
    """This one has loaded Django, as each one does."""
    assert ctypes.CDLL(None).prctl(3, 0, 0, 0, 0) == 0


def test_a_child_that_does_nothing_is_killed_in_time(tmp_path: Path) -> None:
    script = tmp_path / "child.py"
    script.write_text("import time; time.sleep(600)")
    began = time.monotonic()
    with starting.started(script, seconds=0.2) as process:
        assert process.stdout
        assert process.stdout.read() == b""
    assert time.monotonic() - began < 30
    assert process.returncode == -9


# The list

STARTS = re.compile(
    r"\b(subprocess\.(?:run|Popen|call|check_\w+)|os\.(?:fork|exec\w+|posix_spawn\w*|system|popen|spawn\w+)"
    r"|multiprocessing|ProcessPool\w*|starting\.started|sandbox\._process|pty\.)\b"
)
#: Each module of the product that starts a process, and what for.
STARTING = {
    "certification/labels/checks/axe.py": "confined: Chromium",
    "certification/labels/checks/browser.py": "becomes Chromium, confined",
    "platform/config/workers.py": "the portal's own workers",
    "platform/core/confinement/starting.py": "starts the confined children",
    "platform/core/operations/backups.py": "PostgreSQL's programs, for the owner",
    "platform/core/pdf/apart.py": "confined: letters",
    "platform/demo/seeding/voting.py": "a command of the demonstration, as another role",
    "services/dossiers/pdf/render.py": "confined: dossiers",
    "vault/readers/sandbox.py": "confined: readers, watermarks, official forms, Tesseract",
    "vault/readers/tesseract.py": "becomes Tesseract, confined",
}


def test_every_process_that_the_product_starts_is_known_and_in_the_decision() -> None:
    found = {
        str(file.relative_to(ROOT))
        for app in ("accounts", "campaigns", "certification", "platform", "services", "vault")
        for file in (ROOT / app).rglob("*.py")
        if STARTS.search(file.read_text())
    }
    # Celery's pool forks the workers of `config.work`, and `threading` is not a process.
    assert found == set(STARTING)
    page = PAGE.read_text()
    assert [path for path in STARTING if f"`{path}`" not in page] == []


@pytest.mark.parametrize(
    "child",
    [
        "certification/labels/checks/browser.py",
        "platform/core/pdf/child.py",
        "services/dossiers/pdf/child.py",
        "services/dossiers/pdf/layer.py",
        "services/official_forms/pdf/child.py",
        "vault/readers/child.py",
        "vault/readers/tesseract.py",
    ],
)
def test_each_child_is_confined(child: str) -> None:
    text = (ROOT / child).read_text()
    assert re.search(r"inside\.confine\w*\(|child\.serve\(", text)
