"""The pages that install on Debian and in containers follow docs/operations.md. `ops.bare` runs the first whole."""

import gzip
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from ops import bare, release
from ops.cluster import ROOT
from tests.ops.installed import documented

OPERATIONS = (ROOT / "docs" / "operations.md").read_text()
PAGE = (ROOT / "docs" / "debian.md").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
NIGHT = {"backup", "purge", "verify", "keystores"}
OWN = {"web", "worker", "watch", "releases", "beat", "owner", *NIGHT}
WRITTEN = {"/var/lib/garant", "/srv/garant", "/var/backups/garant"}


def started(kind: str) -> str:
    """Return the documented command of a process."""
    (command,) = re.findall(rf"^\| {kind} \| `(?:SIMULATE=1 )?(.*?)`", OPERATIONS, re.MULTILINE)
    return str(command)


def test_the_page_runs_the_documented_commands_in_their_order() -> None:
    given = re.findall(r"^garant-manage (?:--owner )?([a-z_]+)", PAGE.split("## 5.")[0], re.MULTILINE)
    said = [words[0] for words in documented() if words[0] != "rows"]
    assert given == [name for rank, name in enumerate(said) if name not in said[:rank]]


def test_the_roles_are_those_of_the_other_page() -> None:
    def sentences(text: str) -> list[str]:
        found = re.findall(r"^(?:CREATE|REVOKE|GRANT|ALTER|\\connect)[^\n]*", text, re.MULTILINE)
        return [re.sub(r"PASSWORD '.*?'", "", one) for one in found]

    assert sentences(PAGE) == sentences(OPERATIONS) != []


@pytest.mark.parametrize("part", bare.blocks())
def test_a_shell_can_read_each_part(part: str) -> None:
    done = subprocess.run(["bash", "-n"], input=part, text=True, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_trial_runs_the_commands_of_the_other_pages() -> None:
    typed = "".join(bare.list_later_commands())
    backup, restore, *_more = bare.blocks(bare.DOCS / "backup.md")
    changing = bare.blocks(bare.DOCS / "keys.md")[-1]
    said = re.findall(r"^manage\.py ([a-z_]+(?: [a-z]+)?)", backup + restore + changing, re.MULTILINE)
    assert len(said) == 6
    for command in (*said, "rows check", "rows sign", "verify_journal"):
        owner = (
            "--owner " if command.split()[0] in {"backup", "restore"} or command.endswith(("sign", "rewrap")) else ""
        )
        assert f"garant-manage {owner}{command}" in typed
    done = subprocess.run(["bash", "-n"], input=typed, text=True, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_every_unit_that_the_page_enables_is_shipped() -> None:
    enabled = re.findall(r"garant-[a-z]+(?:\.timer)?", " ".join(re.findall(r"systemctl enable.*", PAGE)))
    files = {unit.name for unit in (ROOT / "ops" / "systemd").iterdir()}
    assert {name if "." in name else f"{name}.service" for name in enabled} <= files
    assert len(enabled) == 9


def test_the_trial_runs_each_part_as_the_page_has_it() -> None:
    parts = bare.blocks()[1:-1]
    assert [part for rank, part in enumerate(parts, 1) if part not in bare._script(rank, part)] == []
    assert any("systemctl enable --now garant-web" in part for part in parts)


def test_the_trial_mounts_a_second_disk_where_the_page_wants_one() -> None:
    assert "mount -t tmpfs -o mode=755 tmpfs srv/garant" in bare.BOOT
    assert "garant-keystores" in bare.NIGHT


def commit(clone: Path) -> None:
    named = ["-c", "user.name=x", "-c", "user.email=x@ville.example"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "x"]):
        subprocess.run(["git", *named, *words], cwd=clone, check=True, capture_output=True)


def test_a_release_is_made_of_the_commit_that_dates_its_version(tmp_path: Path) -> None:
    changes, version = tmp_path / "CHANGELOG.md", tmp_path / "pyproject.toml"
    version.write_text('[project]\nversion = "1.2.0"\n')
    changes.write_text("# Changelog\n\n## Unreleased\n\n## 1.1.0 - 2026-11-25\n")
    commit(tmp_path)
    with pytest.raises(release.Refused, match=r"does not date 1\.2\.0: write “## 1\.2\.0 - YYYY-MM-DD”"):
        release.require_dated(tmp_path)
    changes.write_text(changes.read_text().replace("## 1.1.0", "## 1.2.0 - 2026-12-24\n\n## 1.1.0"))
    with pytest.raises(release.Refused, match="Commit first"):
        release.require_dated(tmp_path)
    commit(tmp_path)
    release.require_dated(tmp_path)
    (tmp_path / "manage.py").touch()
    commit(tmp_path)
    with pytest.raises(release.Refused, match=r"1\.2\.0 is the commit [0-9a-f]{8}: .* a new version"):
        release.require_dated(tmp_path)


def test_each_version_of_the_changelog_has_a_date_and_its_commit() -> None:
    changes = (ROOT / "CHANGELOG.md").read_text()
    headings = re.findall(r"^## (.*)\n(.*)", changes, re.MULTILINE)
    assert headings[0][0] == "Unreleased" and len(headings) > 2
    for heading, _below in headings[1:]:
        assert re.fullmatch(r"\d+\.\d+\.\d+ - \d{4}-\d\d-\d\d", heading)
    assert dict(headings)["0.2.0 - 2026-11-28"] == "Commit `fc29f50d`."


def test_a_release_is_the_same_bytes_twice(tmp_path: Path) -> None:
    (tmp_path / "manage.py").write_text("")
    commit(tmp_path)
    once = release.archive(tmp_path, "garant-1.0.0")
    assert once == release.archive(tmp_path, "garant-1.0.0")
    assert b"garant-1.0.0/manage.py" in gzip.decompress(once)


def test_containers_run_the_documented_processes() -> None:
    services = COMPOSE["services"]
    assert services["worker"]["command"] == started("worker")
    assert services["watch"]["command"] == started("worker of the watch")
    assert services["releases"]["command"] == started("worker of releases")
    assert services["beat"]["command"] == started("scheduler")
    (words,) = re.findall(r"^CMD (\[.*\])", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert " ".join(yaml.safe_load(words)).replace("0.0.0.0", "127.0.0.1") == started("web")


def test_the_portals_containers_have_no_rights_and_write_nowhere_but_their_volume() -> None:
    for name in OWN:
        one = COMPOSE["services"][name]
        assert one["read_only"] and one["cap_drop"] == ["ALL"] and one["security_opt"] == ["no-new-privileges:true"]
        assert {volume.split(":")[1] for volume in one["volumes"]} <= WRITTEN and one["tmpfs"] == ["/tmp"]
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    last = lines[max(rank for rank, line in enumerate(lines) if line.startswith("FROM")) :]
    assert "USER garant" in last and not [line for line in last if "gcc" in line or "pip install" in line]


def test_only_who_needs_an_address_of_the_database_has_it() -> None:
    having = {name: str(one["env_file"]) for name, one in COMPOSE["services"].items() if name in OWN}
    assert {name for name, files in having.items() if "/etc/garant/owner" in files} == {"owner", "backup", "purge"}
    assert {name for name, files in having.items() if "/etc/garant/release" in files} == {"releases"}


def test_the_night_s_containers_do_what_the_units_do() -> None:
    for name in NIGHT:
        unit = (ROOT / "ops" / "systemd" / f"garant-{name}.service").read_text()
        (said,) = re.findall(r"^ExecStart=(.*)$", unit, re.MULTILINE)
        said = said.replace("/opt/garant/.venv/bin/", "").replace("/bin/sh", "sh").replace("%%", "%")
        assert COMPOSE["services"][name]["command"] == said
        assert COMPOSE["services"][name]["profiles"] == ["night"]


def test_each_image_has_a_digest_that_the_operator_gives() -> None:
    """A name alone would be another image tomorrow; none is invented here."""
    images = {one["image"] for name, one in COMPOSE["services"].items() if name not in OWN}
    images.add(COMPOSE["services"]["web"]["build"]["args"]["DEBIAN"])
    assert len(images) == 4 and all(re.search(r"@\$\{[A-Z]+_DIGEST:\?", image) for image in images)


def test_only_the_portal_reaches_the_database_and_the_broker() -> None:
    services = COMPOSE["services"]
    assert COMPOSE["networks"]["inside"] == {"internal": True}
    assert services["database"]["networks"] == services["broker"]["networks"] == ["inside"]
    assert services["proxy"]["networks"] == ["front"] and "front" not in services["worker"]["networks"]
    for name in ("web", "database", "broker"):
        assert services[name]["healthcheck"]["test"]
    assert {one["condition"] for one in services["worker"]["depends_on"].values()} == {"service_healthy"}


def test_no_file_of_variables_lies_beside_what_the_image_is_made_of() -> None:
    named = [word for one in COMPOSE["services"].values() for word in _listed(one.get("env_file", []))]
    assert named and all(word.startswith("/etc/garant/") for word in named)


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
