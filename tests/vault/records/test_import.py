"""Import of a copy: the same values, proofs and files. A copy that was changed gets a sentence and writes nothing."""

import hashlib
import io
import json
import zipfile
from typing import Any
from uuid import UUID, uuid4, uuid5

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django_scopes import scope

from core import journal
from core.files import quota
from core.files.storage import sealed_storage
from core.journal import checkpoints, register
from core.models import City, Job
from tests.accounts.factories import ResidentFactory
from tests.vault.lived import contest, exported, live
from tests.vault.made import IDENTITY, NOTICE, add, add_signed_notice
from vault.records import actions, gate
from vault.records.actions import imports
from vault.records.copies import package
from vault.records.grants import receipts
from vault.records.models import Brought, Grant, Paper, PaperFile, Record

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("copy")]


@pytest.fixture
def lived(resident):
    """Fill the vault of a resident whose city has a register: its head is a line of each checkpoint."""
    with transaction.atomic():
        register.write(kind="label", subject_id=uuid4(), event="label_granted", content={"label": "L-1"})
    live(resident)
    actions.keep_identity(resident_id=resident.pk, by=resident.pk, identity=IDENTITY)
    contest(resident)
    checkpoints.seal()
    return resident


@pytest.fixture
def newcomer(db):
    found = ResidentFactory(name="Awa, ailleurs")
    proved(found)
    return found


@pytest.fixture(scope="session")
def made() -> list[bytes]:
    return []


@pytest.fixture
def copy(request, made, kinds, tmp_path):
    """Return a copy, made once for the tests that do not look at its vault: filling a vault takes seconds."""
    path = tmp_path / "copie.zip"
    if not made:
        made.append(copied(request.getfixturevalue("lived"), path).read_bytes())
    path.write_bytes(made[0])
    return path


@pytest.fixture
def own_copy(lived, tmp_path):
    """Return a copy of the vault in `lived`."""
    return copied(lived, tmp_path / "la-sienne.zip")


def copied(resident, path):
    export = exported(resident)
    with sealed_storage.open(export.stored_name, resident_id=resident.pk, kind=export.FILE) as file:
        path.write_bytes(file.read())
    return path


def bring(path, resident, **more):
    call_command("import_vault", str(path), resident=resident.pk, **more)


def rows(path, name):
    with zipfile.ZipFile(path) as archive:
        return [json.loads(line) for line in archive.read(name).splitlines()]


def without_dates(rows):
    """The civil status is the vault's own."""
    rows = [row for row in rows if row.get("record", {}).get("type") != "identite.pivot"]
    for row in rows:
        row.pop("created_at", None)
        row.get("vault", {}).pop("created_at", None)
    return sorted(rows, key=lambda row: json.dumps(row, sort_keys=True))


def renumbered(rows, old, new):
    """Return the rows with the ids expected in the other vault: each follows from the old id and the new resident."""
    text = json.dumps(rows)
    ids = {row["record"]["id"] if "record" in row else row["id"] for row in rows}
    ids |= {row["vault"]["paper"] for row in rows if "vault" in row and row["vault"]["paper"]}
    ids |= {file["id"] for row in rows for file in row.get("files", [])}
    for row in rows:
        ids |= {origin["paper"] for origin in row.get("vault", {}).get("origins", {}).values() if origin["paper"]}
        ids |= {row["replaces_id"]} if row.get("replaces_id") else set()
    for one in ids:
        text = text.replace(one, str(uuid5(new.pk, one)))
    return json.loads(text.replace(str(old.pk), str(new.pk)))


def everything(resident):
    with connection.cursor() as cursor:
        counts = {}
        for table in (
            "records_record",
            "records_paper",
            "records_paperfile",
            "records_brought",
            "core_journalleaf",
            "core_job",
        ):
            cursor.execute(f"SELECT count(*) FROM {table} WHERE resident_id = %s", [resident.pk])
            counts[table] = cursor.fetchone()[0]
    return counts


def files_on_disk(folder):
    return {path for path in folder.rglob("*") if path.is_file()}


def test_a_copy_of_the_imported_vault_equals_the_first_copy(own_copy, lived, newcomer, tmp_path, capsys):
    bring(own_copy, newcomer)
    assert "with their proofs" in capsys.readouterr().out
    again = copied(newcomer, tmp_path / "encore.zip")
    for name in ("valeurs.jsonl", "papiers.jsonl"):
        before, after = rows(own_copy, name), rows(again, name)
        for row in [*before, *after]:
            for file in row.get("files", []):
                file.pop("path")  # numbered in the order of their arrival
        assert len(before) > 1
        assert without_dates(after) == without_dates(renumbered(before, lived, newcomer)), name


def test_every_file_is_imported_byte_for_byte(own_copy, lived, newcomer):
    bring(own_copy, newcomer)

    def sums(resident):
        with scope(resident=resident.pk):
            files = list(PaperFile.objects.all())
        return sorted(
            hashlib.sha256(sealed_storage.open(file.stored_name, resident_id=resident.pk).read()).hexdigest()
            for file in files
        )

    assert sums(newcomer) == sums(lived) != []


def test_proofs_and_supersessions_are_kept(own_copy, lived, newcomer):
    bring(own_copy, newcomer)
    fields = ["fiscal.avis_ir#/revenu_fiscal_reference"]

    def incomes(resident):
        values = gate.read_own(resident_id=resident.pk, purpose="Essayer", fields=fields)
        return sorted(
            (one.payload["revenu_fiscal_reference"], one.assurance, one.holder, one.method) for one in values
        )

    assert incomes(newcomer) == incomes(lived)
    assert "signature_verified" in {assurance for _value, assurance, _holder, _method in incomes(newcomer)}


def test_grants_are_not_given_again_and_are_kept_as_history(copy, newcomer):
    bring(copy, newcomer)
    with scope(resident=newcomer.pk):
        assert not Grant.objects.exists()
        row = Brought.objects.get()
    with zipfile.ZipFile(
        io.BytesIO(sealed_storage.open(row.stored_name, resident_id=newcomer.pk, kind=row.FILE).read())
    ) as history:
        assert json.loads(history.read("partages.json"))
        assert not [name for name in history.namelist() if name.startswith("papiers/")]


def test_the_former_journal_is_kept_as_history_outside_the_chain(copy, newcomer):
    bring(copy, newcomer)
    events = [entry.event for entry in journal.entries(resident_id=newcomer.pk, limit=10)]
    assert events == ["records_brought", "read", "identity_kept", "vault_opened"]
    assert journal.verify(resident_id=newcomer.pk).bad == []
    with scope(resident=newcomer.pk):
        row = Brought.objects.get()
    with zipfile.ZipFile(
        io.BytesIO(sealed_storage.open(row.stored_name, resident_id=newcomer.pk, kind=row.FILE).read())
    ) as history:
        assert len(json.loads(history.read("journal.json"))["lines"]) > 10


def test_importing_twice_is_idempotent(copy, newcomer, capsys):
    bring(copy, newcomer)
    before = everything(newcomer)
    bring(copy, newcomer)
    assert "taken in before" in capsys.readouterr().out
    assert everything(newcomer) == before


def test_values_of_a_copy_without_a_known_signature_are_declared(copy, newcomer, tmp_path, capsys):
    """Anybody can write a ZIP: it must not give a verified income."""
    bring(changed(copy, tmp_path, drop="manifest.jws"), newcomer)
    assert "as declared" in capsys.readouterr().out
    assert assurances(newcomer) == NOTHING_PROVED
    with scope(resident=newcomer.pk):
        assert Job.objects.filter(kind="read_paper").count() == Paper.objects.count(), "and papers are read again"
    values = gate.read_own(
        resident_id=newcomer.pk, purpose="Essayer", fields=["fiscal.avis_ir#/revenu_fiscal_reference"]
    )
    assert {origin.assurance for one in values for origin in one.origins.values()} <= {"declared"}


def test_a_forged_value_under_an_old_signature_is_declared(copy, newcomer, tmp_path):
    forged = changed(copy, tmp_path, edit={"valeurs.jsonl": lambda content: content.replace(b"12312", b"12000")})
    bring(forged, newcomer)
    assert assurances(newcomer) == NOTHING_PROVED, "the signature is that of another manifest"


def test_with_the_keys_of_the_other_portal_only_its_own_copy_is_imported(copy, newcomer, tmp_path, settings):
    keys = tmp_path / "jwks.json"
    keys.write_text(json.dumps(receipts.published()))
    settings.RECEIPT_KEYS = tmp_path / "another-portal.json"
    bring(copy, newcomer, keys=keys)
    with scope(resident=newcomer.pk):
        assert "signature_verified" in set(Record.objects.values_list("assurance", flat=True))
    other = ResidentFactory()
    for wrong in (
        changed(copy, tmp_path, drop="manifest.jws"),
        changed(copy, tmp_path, edit={"LISEZMOI.txt": lambda content: b"x"}),
    ):
        with pytest.raises(CommandError, match="nothing was written"):
            bring(wrong, other, keys=keys)


def changed(path, folder, *, drop="", add=(), edit=None, manifest=True, lie=None):
    """Return a changed copy. The manifest is made to agree, unless `manifest` is False."""
    edit = edit or {}
    with zipfile.ZipFile(path) as archive:
        content = {name: archive.read(name) for name in archive.namelist() if name != drop}
    for name, change in edit.items():
        content[name] = change(content[name])
    content |= dict(add)
    listed = json.loads(content["manifest.json"])
    if manifest:
        listed["files"] = {
            name: {"sha256": hashlib.sha256(one).hexdigest(), "size": len(one)}
            for name, one in content.items()
            if not name.startswith("manifest.")
        }
    content["manifest.json"] = json.dumps(lie(listed) if lie else listed).encode()
    target = folder / f"change-{len(list(folder.iterdir()))}.zip"
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, one in content.items():
            archive.writestr(name, one)
    return target


def line_edited(change):
    def edit(content):
        first, *rest = content.splitlines(keepends=True)
        found = json.loads(first)
        change(found)
        return json.dumps(found).encode() + b"\n" + b"".join(rest)

    return edit


def bad_payload(row):
    row["record"]["payload"] = {"x": {"y": 1}}


def unknown_type(row):
    row["record"]["type"] = "secret.defense"


def replaces_nothing(row):
    row["record"]["supersedes"] = "00000000-0000-4000-8000-000000000000"


def twelve_gigabytes(manifest):
    manifest["files"]["valeurs.jsonl"]["size"] = 12_000_000_000
    return manifest


def another_format(manifest):
    return manifest | {"format": "autre-1"}


HOSTILE: dict[str, tuple[dict[str, Any], str]] = {
    "a wrong sum": (
        {"edit": {"valeurs.jsonl": lambda content: content.replace(b"a", b"b", 1)}, "manifest": False},
        "was changed or cut",
    ),
    "a file that grows": (
        {"edit": {"LISEZMOI.txt": lambda content: content + b"x"}, "manifest": False},
        "larger than the manifest",
    ),
    "a file that is cut": (
        {"edit": {"LISEZMOI.txt": lambda content: content[:-1]}, "manifest": False},
        "was changed or cut",
    ),
    "a way out": ({"add": {"../../etc/cron.d/x": b"x"}}, "leads elsewhere"),
    "another way out": ({"add": {"/etc/x": b"x"}}, "leads elsewhere"),
    "a Windows way out": ({"add": {"C:\\x": b"x"}}, "leads elsewhere"),
    "an unlisted file": ({"add": {"papiers/extra.exe": b"MZ"}, "manifest": False}, "not in its manifest"),
    "a missing file": ({"drop": "journal.json"}, "missing"),
    "a huge one": ({"lie": twelve_gigabytes}, "at most"),
    "another format": ({"lie": another_format}, "no copy of a vault"),
    "a wrong payload": ({"edit": {"valeurs.jsonl": line_edited(bad_payload)}}, "valeurs.jsonl, line 1"),
    "an unknown type": ({"edit": {"valeurs.jsonl": line_edited(unknown_type)}}, "valeurs.jsonl, line 1"),
    "a value that replaces nothing": ({"edit": {"valeurs.jsonl": line_edited(replaces_nothing)}}, "not before it"),
    "no JSON": ({"edit": {"papiers.jsonl": lambda content: b"{\n"}}, "is not JSON"),
    "deep JSON": ({"edit": {"papiers.jsonl": lambda content: b"[" * 100_000 + b"\n"}}, "is not JSON"),
    "a paper without a file": ({"edit": {"papiers.jsonl": lambda content: b'{"id": 1}\n'}}, "is not a paper"),
    "a changed journal": (
        {"edit": {"journal.json": lambda content: content.replace(b'"number": 2', b'"number": 3', 1)}},
        "does not follow",
    ),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_copy_gets_a_sentence_and_writes_nothing(what, copy, newcomer, tmp_path, folder):
    change, sentence = HOSTILE[what]
    bad = changed(copy, tmp_path, **change)
    before, there = everything(newcomer), files_on_disk(folder)
    with pytest.raises(CommandError, match="Not taken in, nothing was written") as refused:
        bring(bad, newcomer)
    assert sentence in str(refused.value)
    assert everything(newcomer) == before and files_on_disk(folder) == there


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"not a zip at all" * 100])
def test_a_file_that_is_no_zip_gets_a_sentence(content, newcomer, tmp_path):
    bad = tmp_path / "x.zip"
    bad.write_bytes(content)
    with pytest.raises(CommandError, match="not a ZIP file"):
        bring(bad, newcomer)


def test_a_bomb_is_not_unpacked(copy, newcomer, tmp_path, monkeypatch):
    """A bomb is a thousand times larger unpacked. It is refused by its manifest, and read no further."""
    bomb = changed(copy, tmp_path, add={"papiers/bombe.bin": bytes(50_000_000)})
    assert bomb.stat().st_size < 5_000_000
    monkeypatch.setattr(package, "MOST_BYTES", 20_000_000)
    with pytest.raises(CommandError, match="at most"):
        bring(bomb, newcomer)


def test_a_vault_that_is_not_empty_imports_nothing(copy, newcomer):
    add(newcomer, "fiscal.avis_ir", NOTICE, holder="dgfip", method="upload", assurance="consistent")
    before = everything(newcomer)
    with pytest.raises(CommandError, match="holds something already"):
        bring(copy, newcomer)
    assert everything(newcomer) == before


def test_a_copy_over_the_quota_is_refused_entirely(copy, newcomer, folder, monkeypatch):
    monkeypatch.setattr(quota, "MEGABYTE", 1)
    City(name="Essai", of_name="d’Essai", insee="00042", quota_megabytes=100).save()
    there = files_on_disk(folder)
    with pytest.raises(CommandError, match="does not fit"):
        bring(copy, newcomer)
    assert files_on_disk(folder) == there and everything(newcomer)["records_record"] == 1


def test_an_interrupted_import_leaves_nothing(copy, newcomer, folder, monkeypatch):
    there = files_on_disk(folder)
    monkeypatch.setattr(imports, "_brought", lambda coming, history: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        bring(copy, newcomer)
    assert files_on_disk(folder) == there and everything(newcomer)["records_record"] == 1


def test_an_unknown_resident_gets_a_sentence(copy):
    with pytest.raises(CommandError, match="open one first"):
        call_command("import_vault", str(copy), resident=UUID(int=1))


def test_the_next_copy_contains_the_imported_history(copy, newcomer, tmp_path):
    bring(copy, newcomer)
    add_signed_notice(newcomer, annee_revenus=2019)
    with zipfile.ZipFile(copied(newcomer, tmp_path / "encore.zip")) as archive:
        assert "apporte/01.zip" in archive.namelist()
        assert json.loads(archive.read("apporte.json"))[0]["content"]["signed"] is True


def proved(resident, **other):
    """Let FranceConnect prove the resident's civil status, by default that of the copy."""
    actions.keep_identity(resident_id=resident.pk, by=resident.pk, identity={**IDENTITY, **other})


def assurances(resident):
    with scope(resident=resident.pk):
        brought = Record.objects.exclude(holder="FranceConnect")
        return set(brought.values_list("assurance", flat=True)), set(Paper.objects.values_list("state", flat=True))


NOTHING_PROVED = ({"declared"}, {"quarantined"})


@pytest.mark.parametrize("other", [{"family_name": "Autre"}, {"birthdate": "1980-01-02"}, None])
def test_a_signed_copy_proves_nothing_in_the_vault_of_somebody_else(copy, other, capsys):
    stranger = ResidentFactory()
    if other is not None:
        proved(stranger, **other)
    bring(copy, stranger)
    assert assurances(stranger) == NOTHING_PROVED
    assert "FranceConnect" in capsys.readouterr().out


def test_a_signed_copy_proves_its_values_in_one_vault(copy, capsys):
    first, second = ResidentFactory(), ResidentFactory()
    for vault in (first, second):
        proved(vault)
        bring(copy, vault)
    assert "signature_verified" in assurances(first)[0]
    assert assurances(second) == NOTHING_PROVED
    assert "another vault" in capsys.readouterr().out
