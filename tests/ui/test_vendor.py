"""Assets are built once and committed. The list matches the files; none is of the State's or GOV.UK's brand."""

import hashlib
import json
import re
import shutil
import subprocess
import warnings
from pathlib import Path

import brotli  # type: ignore[import-untyped]
import pytest

ROOT = Path(__file__).resolve().parents[2]
STATIC = ROOT / "static"
LISTED = json.loads((STATIC / "VENDOR.json").read_text(encoding="utf-8"))


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_list_is_complete_with_correct_checksums():
    there = {
        path.relative_to(STATIC).as_posix()
        for path in STATIC.rglob("*")
        if path.is_file() and path.name != "VENDOR.json"
    }
    assert {entry["file"] for entry in LISTED} == there
    assert [entry["file"] for entry in LISTED if sha256(STATIC / entry["file"]) != entry["sha256"]] == []


def test_third_party_assets_have_a_licence_and_a_version():
    others = [entry for entry in LISTED if entry.get("version")]
    assert {entry["name"].split(",")[0].split(" (")[0] for entry in others} == {"govuk-frontend", "Public Sans"}
    assert all(entry["licence"] for entry in LISTED)
    assert (STATIC / "civic" / "LICENCE-govuk-frontend.txt").exists() and (
        STATIC / "civic" / "fonts" / "LICENCE-public-sans.txt"
    ).exists()


def test_no_reserved_asset_is_included():
    reserved = re.compile(r"GDS Transport|crest|crown|dsfr|Marianne|gouv\.fr|gov\.uk", re.IGNORECASE)
    code = [path for path in (STATIC / "civic").rglob("*") if path.suffix in {".css", ".js", ".svg"}]
    assert [path.name for path in code if reserved.search(path.read_text(encoding="utf-8"))] == []
    pinned = json.loads((ROOT / "frontend" / "package.json").read_text(encoding="utf-8"))["dependencies"]
    assert not [name for name in pinned if "gouv" in name or "dsfr" in name]
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in pinned.values())


def test_the_style_sheet_has_no_external_url():
    css = (STATIC / "civic" / "civic.css").read_text(encoding="utf-8")
    assert set(re.findall(r"url\(([^)]*)\)", css)) == {'"fonts/public-sans-latin.woff2"'}
    assert "@import" not in css


def test_a_pages_assets_fit_the_budget():
    """Bytes compressed as the server sends them, without the HTML (at most 20 KB)."""
    css = len(brotli.compress((STATIC / "civic" / "civic.css").read_bytes()))
    script = len(brotli.compress((STATIC / "civic" / "init.js").read_bytes()))
    font = (STATIC / "civic" / "fonts" / "public-sans-latin.woff2").stat().st_size
    picture = len(brotli.compress((STATIC / "civic" / "img" / "accueil.svg").read_bytes()))
    assert css < 20_000 and font < 40_000 and script < 1_000
    assert css + script + font + picture < 80_000


def test_a_fresh_build_gives_the_same_files(tmp_path):
    if not (shutil.which("node") and (ROOT / "frontend" / "node_modules" / "sass").exists()):
        reason = (
            "SKIPPED: the assets were not rebuilt (needs node, and `npm ci` in frontend/); their sums were checked."
        )
        warnings.warn(reason, stacklevel=1)
        pytest.skip(reason)
    shutil.copytree(STATIC, tmp_path / "static")
    (tmp_path / "static" / "civic" / "civic.css").unlink()
    subprocess.run(
        ["node", "build.js", str(tmp_path / "static")],
        cwd=ROOT / "frontend",
        check=True,
        capture_output=True,
        timeout=120,
    )
    assert (tmp_path / "static" / "civic" / "civic.css").read_bytes() == (STATIC / "civic" / "civic.css").read_bytes()
    assert (tmp_path / "static" / "VENDOR.json").read_text(encoding="utf-8") == (STATIC / "VENDOR.json").read_text(
        encoding="utf-8"
    )
