"""Queries across residents live in the `across` modules of each app; core has named exceptions."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from ops.cluster import ROOT

DISABLED = "scopes_disabled"
FOLDERS = ("platform", "accounts", "vault", "services", "certification", "campaigns", "ops", "bench")
#: Functions outside `across` modules that may query across residents, each with its reason.
EXCEPTIONS = {
    "platform/core/admin.py: JobAdmin.get_queryset": "lists the jobs of every resident, without naming one",
    "platform/core/operations/backups.py: _manifest": "counts journals' entries and residents' keys of a backup",
    "platform/core/operations/backups.py: _check_restored": "compares a restore's number of entries with the manifest",
    "platform/core/operations/backups.py: _keys_that_fail": "tries one resident's key under each key of the city",
    "platform/core/operations/backups.py: _missing_files": "looks for the stored file of every row after a restore",
    "platform/core/operations/doctor.py: _waiting": "says for how long the oldest job of any resident has waited",
    "platform/core/operations/metrics.py: _jobs": "counts the jobs that wait or run, by kind, naming no resident",
    "platform/core/files/resumable.py: sweep": "deletes the expired uploads",
    "platform/core/files/storage.py: _kept": "asks which stored files a row still names, before a sweep",
    "platform/core/jobs/__init__.py: sweep": "sends lost jobs again",
    "platform/core/jobs/__init__.py: stuck_queues": "finds the queues where any resident's job waits for too long",
    "platform/core/jobs/__init__.py: purge": "deletes finished jobs",
    "platform/core/jobs/__init__.py: _take": "a worker only knows the number of its job",
    "platform/core/journal/__init__.py: by_hash_alone": "counts the purged entries of all journals",
    "platform/core/journal/__init__.py: _residents": "lists the journals to verify",
    "platform/core/journal/checkpoints.py: seal": "puts the head of every journal under one checkpoint",
    "platform/core/journal/checkpoints.py: proofs": "a Merkle proof needs the hashes of the other journals",
    "platform/core/journal/checkpoints.py: _broken_chain": "computes every checkpoint's Merkle root again",
    "platform/core/journal/checkpoints.py: open_epoch": "puts the head of every journal under a restore's checkpoint",
    "platform/core/journal/heads.py: live": "finds the rows that a resident's head names, by their ids",
    "platform/core/journal/heads.py: residents": "lists the residents whose rows and head to compare",
    "platform/core/operations/key_rotation.py: counts": "counts the residents' keys under each key of the city",
    "platform/core/operations/key_rotation.py: _under_others": "lists the residents' keys to rewrap",
    "platform/core/rows.py: stored": "checks the MAC of every row, or signs those of the version before",
    "platform/core/signing.py: _sign_rows": "signs the rows of the version before, under their locks",
    "platform/core/rows.py: followed": "compares all rows of a resident with their head, for the operator",
    "platform/core/messages/phones.py: asked_by": "finds the resident who accepts requests by a telephone number",
    "platform/demo/seeding/sharing.py: join_couple": "asks whether the fictional couple has a household already",
}


def is_across(file: Path) -> bool:
    return file.stem == "across" or file.parent.name == "across"


def uses(tree: ast.AST, within: str = "") -> Iterator[str]:
    """Yield the qualified name of the function around each use: a call, an attribute, or another name given to it."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield from uses(node, f"{within}.{node.name}".strip("."))
            continue
        if isinstance(node, ast.Name) and node.id == DISABLED:
            yield within
        if isinstance(node, ast.Attribute) and node.attr == DISABLED:
            yield within
        if isinstance(node, ast.alias) and node.name == DISABLED and node.asname not in {None, DISABLED}:
            yield within
        if isinstance(node, ast.Constant) and node.value == DISABLED:
            yield within
        yield from uses(node, within)


def found_uses(files: Iterator[Path]) -> list[str]:
    return sorted(
        f"{file.relative_to(ROOT)}: {name or 'at the top of the file'}"
        for file in files
        if not is_across(file) and (text := file.read_text(encoding="utf-8")) and DISABLED in text
        for name in uses(ast.parse(text))
    )


def test_only_across_modules_and_named_exceptions_query_across_residents() -> None:
    files = (file for folder in FOLDERS for file in (ROOT / folder).rglob("*.py"))
    found = found_uses(files)
    assert sorted(set(found) - set(EXCEPTIONS)) == []
    assert sorted(set(EXCEPTIONS) - set(found)) == [], "exceptions that no code needs any more"


def test_each_exception_belongs_to_core_or_to_the_demo_data() -> None:
    assert [
        name for name in EXCEPTIONS if not name.startswith(("platform/core/", "platform/demo/seeding/sharing.py"))
    ] == []


@pytest.mark.parametrize(
    "text",
    [
        "def stray():\n    with scopes_disabled():\n        pass",
        "def stray():\n    with django_scopes.scopes_disabled():\n        pass",
        "def stray():\n    with transaction.atomic(), scopes_disabled():\n        pass",
        "def stray():\n    from django_scopes import scopes_disabled as everybody",
        "def stray():\n    getattr(django_scopes, 'scopes_disabled')",
        "def stray(query=scopes_disabled):\n    pass",
    ],
)
def test_a_stray_use_is_found(text: str) -> None:
    assert list(uses(ast.parse(text))) == ["stray"]


def test_a_decorator_is_found() -> None:
    text = "class View:\n    @scopes_disabled()\n    def get(self):\n        pass"
    assert list(uses(ast.parse(text))) == ["View.get"]
