"""Print the lines of Python in each app, without migrations, and their share: `python -m ops.rooms`."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
APPS = (
    "platform/config",
    "platform/demo",
    "campaigns/panel",
    "campaigns/debates",
    "campaigns/results",
    "campaigns/contributions",
    "campaigns/plans",
    "campaigns/noise",
    "services/watch",
    "services/requests",
    "services/dossiers",
    "services/procedures",
    "services/official_forms",
    "services/aids",
    "services/versions",
    "services/places",
    "certification/developers",
    "certification/access",
    "certification/labels",
    "vault/sharing",
    "vault/journal",
    "vault/holders",
    "vault/records",
    "vault/readers",
    "vault/types",
    "accounts",
    "platform/core",
)


def lines() -> dict[str, int]:
    return {app: sum(_count(file) for file in (ROOT / app).rglob("*.py")) for app in APPS}


def _count(file: Path) -> int:
    return 0 if "migrations" in file.parts else file.read_bytes().count(b"\n")


def main() -> None:
    found = lines()
    total = sum(found.values())
    for app, count in found.items():
        print(f"{app:24} {count:6,} {count / total:4.0%}")
    print(f"{'in all':24} {total:6,}")


if __name__ == "__main__":
    main()
