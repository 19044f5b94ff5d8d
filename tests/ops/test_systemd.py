"""The units of ops/systemd: systemd accepts them, their sandbox is tight, and they run the documented commands."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from ops.cluster import ROOT

UNITS = sorted((ROOT / "ops" / "systemd").iterdir())
SERVICES = [unit for unit in UNITS if unit.suffix == ".service"]
ANALYZE = shutil.which("systemd-analyze")
MOST = 2.5
#: What systemd-analyze needs of a machine that systemd didn't start: a `/run` of its own that a plain user may write.
APART = ["unshare", "--user", "--mount", "--map-root-user", "sh", "-c", 'mount -t tmpfs none /run && exec "$@"', "sh"]
needs_systemd = pytest.mark.skipif(ANALYZE is None, reason="NO systemd-analyze ON THIS MACHINE")


def analyze_units(*words: str) -> subprocess.CompletedProcess[str]:
    """Run systemd-analyze, and fail if it could not look at all."""
    before = [] if os.geteuid() == 0 or Path("/run/systemd").is_dir() else APART
    done = subprocess.run([*before, "systemd-analyze", *words], capture_output=True, text=True, check=False)
    assert "Failed to create directory" not in done.stderr and "unshare" not in done.stderr, done.stderr
    return done


@needs_systemd
def test_systemd_accepts_each_unit(tmp_path: Path) -> None:
    # A clone may lie in a path with a space, which a unit would split.
    (tmp_path / "clone").symlink_to(ROOT)
    (tmp_path / "units").mkdir()
    for unit in UNITS:
        (tmp_path / "units" / unit.name).write_text(unit.read_text().replace("/opt/garant", str(tmp_path / "clone")))
    copies = sorted(map(str, (tmp_path / "units").iterdir()))
    done = analyze_units("verify", *copies)
    assert [line for line in done.stderr.splitlines() if "garant" in line] == []


@needs_systemd
@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.stem)
def test_each_service_is_exposed_little(unit: Path) -> None:
    done = analyze_units("security", "--offline=true", "--no-pager", str(unit))
    exposed = re.search(r"exposure level for \S+: ([\d.]+)", done.stdout)
    assert exposed and float(exposed[1]) <= MOST, done.stdout + done.stderr


def test_the_services_run_the_documented_commands() -> None:
    page = (ROOT / "docs" / "operations.md").read_text()
    for kind in ("web", "worker", "scheduler"):
        (command,) = re.findall(rf"^\| {kind} \| `(?:SIMULATE=1 )?(.*?)`", page, re.MULTILINE)
        unit = (ROOT / "ops" / "systemd" / f"garant-{kind.replace('scheduler', 'beat')}.service").read_text()
        assert f"ExecStart=/opt/garant/.venv/bin/{command}\n" in unit


def test_only_the_night_s_commands_of_the_owner_know_its_address() -> None:
    knowing = {unit.stem for unit in SERVICES if "/etc/garant/owner" in unit.read_text()}
    assert knowing == {"garant-purge", "garant-backup"}
    timed = {unit.stem for unit in UNITS if unit.suffix == ".timer"}
    assert timed == {"garant-purge", "garant-backup", "garant-verify", "garant-keystores"}


def test_who_closes_a_vault_or_seals_writes_to_the_disk_outside() -> None:
    """The page sets both addresses there; a unit's sandbox would refuse them."""
    page = (ROOT / "docs" / "debian.md").read_text()
    assert re.findall(r"^(\w+)=file:///srv/garant/", page, re.MULTILINE) == ["CHECKPOINTS_URL", "ERASURES_URL"]
    writing = {unit.stem for unit in SERVICES if re.search(r"^ReadWritePaths=.*/srv/garant", unit.read_text(), re.M)}
    assert writing == {"garant-web", "garant-worker", "garant-purge", "garant-backup"}
