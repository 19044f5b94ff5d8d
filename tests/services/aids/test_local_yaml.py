"""Local aids as files: the public ones are read without loss, and a file is never trusted."""

from datetime import date
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from services.aids import catalogue
from services.aids.local import checking, evaluation, importing, reading
from services.aids.models import LocalAid
from services.versions import yaml_files
from services.versions.models import State
from tests.accounts.factories import AgentFactory

FOLDER = Path(__file__).parents[2] / "fixtures" / "local_aids"
SAMPLES = Path(__file__).parents[4] / "shared" / "samples" / "aides_jeunes"
TODAY = date(2026, 11, 28)
ABOUT = {"ville_villebrume": yaml_files.load((FOLDER / "ville_villebrume.yml").read_bytes())}


def read(content: bytes | None = None):
    return importing.read(content or (FOLDER / "bus.yml").read_bytes(), code="bus", today=TODAY, institutions=ABOUT)


def test_a_public_file_becomes_rules():
    found = read()
    item = found.item
    assert (found.lost, found.conditions) == ([], 10)
    assert item["institution"] == {"level": "commune", "id": "00042", "name": "Ville de Villebrume"}
    assert item["conditions"]["all"] == [
        {"type": "territory", "attached": True},
        {"type": "age", "op": "=", "value": 20},
        {"type": "qf", "source": "caf", "op": "<=", "value": 752, "period": "month", "fallback": "rfr_parts_12"},
        {"type": "postcode", "values": ["00420"]},
        {"not": {"type": "scheme", "values": ["agricole"]}},
        {
            "any": [
                {"type": "profile", "values": ["apprenti", "lyceen"]},
                {
                    "all": [
                        {"type": "profile", "values": ["enseignement_superieur"]},
                        {"type": "grant_holder"},
                        {"type": "study_year", "values": ["licence_1", "but_1"]},
                    ]
                },
            ]
        },
    ]
    assert item["description"] == "Une aide pour le bus.Versée en une fois."
    assert item["amount"] == {"kind": "fixed", "value": 150, "unit": "EUR"}


def test_a_free_text_condition_is_told_and_never_makes_a_sure_answer_doubtful():
    item = read().item
    assert item["checked_later"] == ["Avoir fait sa demande avant octobre."]
    facts = {
        "commune": "00042",
        "age": 20,
        "qf": 700,
        "postcode": "00420",
        "scheme": "general",
        "profiles": ["apprenti"],
    }
    assert evaluation.evaluate(item, facts, TODAY).status == "granted"
    assert evaluation.evaluate(item, {**facts, "age": 30}, TODAY).status == "refused"


def test_their_quotient_only_stands_in_for_the_cafs():
    rule = read().item["conditions"]["all"][2]
    assert evaluation.read(rule, {"rfr": 24000, "parts": 1}, {}, TODAY) == "no"
    assert evaluation.read(rule, {"rfr": 24000, "parts": 1, "qf": 500}, {}, TODAY) == "ok"


def test_a_condition_without_an_equal_is_reported_and_left_to_a_person():
    text = (FOLDER / "bus.yml").read_text(encoding="utf-8").replace("type: boursier", "type: signe_astral")
    found = read(text.encode())
    assert found.lost == ["signe_astral"]
    assert {"type": "manual", "text": "signe_astral"} in list(evaluation.leaves(found.item["conditions"]))


def test_a_bomb_is_refused_before_it_is_built():
    bomb = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 30))
    with pytest.raises(yaml_files.Unreadable, match="alias"):
        yaml_files.load(bomb.encode())
    many = "conditions_generales:\n" + "- {type: age}\n" * 15_000
    for content in (many.encode(), b"x: " + b"{a: " * 100 + b"}" * 100, b"#" * 300_000):
        with pytest.raises(yaml_files.Unreadable, match="trop"):
            yaml_files.load(content)
    with pytest.raises(yaml_files.Unreadable, match="ligne 1"):
        yaml_files.load(b"x: !!python/name:os.system")


OWN = importing.blank(
    code="velo", label="Vélo", institution={"level": "commune", "id": "00042", "name": "Villebrume"}, today=TODAY
)


def test_a_begun_draft_comes_back_from_its_file():
    assert read(yaml_files.dump(OWN).encode()).item == {**OWN, "version": 1}


@pytest.mark.parametrize(
    "change",
    [
        {"label": "V" * 121},
        {"label": None},
        {"code": "v" * 61},
        {"papers": 5},
        {"checked_later": 3},
        {"link": "javascript:alert(1)"},
        {"conditions": {"type": "territory"}},
        {"conditions": {"type": "study_year"}},
        {"conditions": {"type": "age", "op": "<="}},
        {"amount": {"kind": "fixed"}},
        {"amount": {"kind": "linear", "on": "qf", "max": 3}},
        {"amount": {"kind": "fixed", "value": float("nan")}},
        {"amount": {"kind": "fixed", "value": float("inf")}},
        {"description": "un\0deux"},
        {"tests": [{"persona": "Nadia", "facts": {"on": "demain"}, "expect": {"status": "granted"}}]},
        {"conditions_generales": 5},
        {"conditions_generales": [], "profils": ["lyceen"]},
    ],
    ids=str,
)
def test_a_file_that_no_page_could_show_is_refused(change):
    with pytest.raises(yaml_files.Unreadable):
        read(yaml_files.dump({**OWN, **change}).encode())


def test_a_case_that_states_what_no_aid_reads_is_named():
    case = {"persona": "Nadia", "facts": {"quotien": 526}, "expect": {"status": "granted"}}
    with pytest.raises(yaml_files.Unreadable, match="ce qu’aucune aide ne lit.*: quotien"):
        read(yaml_files.dump({**OWN, "tests": [case]}).encode())
    assert not any(map(reading.strange_facts, catalogue.local_aids()))


def test_the_command_reports_what_it_read(capsys):
    call_command("import_local_aids", FOLDER / "bus.yml", institutions=FOLDER)
    assert "1 of 1 files read; 10 conditions, 0 not kept." in capsys.readouterr().out
    with pytest.raises(CommandError, match="1 files were refused"):
        call_command("import_local_aids", FOLDER / "ville_villebrume.yml")


def test_a_folder_without_aids_and_a_broken_organisation_are_refused_in_one_sentence(tmp_path):
    with pytest.raises(CommandError, match="no .yml"):
        call_command("import_local_aids", tmp_path)
    (tmp_path / "broken.yml").write_text("a: [")
    with pytest.raises(CommandError, match="broken.yml"):
        call_command("import_local_aids", FOLDER / "bus.yml", institutions=tmp_path)


@pytest.mark.django_db
def test_the_command_writes_drafts_of_an_agent():
    agent = AgentFactory()
    call_command("import_local_aids", FOLDER / "bus.yml", institutions=FOLDER, by=agent.email)
    aid = LocalAid.objects.get()
    assert (aid.code, aid.state, aid.written_by) == ("bus", State.DRAFT, agent)
    with pytest.raises(CommandError, match="no agent"):
        call_command("import_local_aids", FOLDER / "bus.yml", by="personne@courriel.example")


@pytest.mark.skipif(not SAMPLES.exists(), reason="the public files are not beside the repository")
def test_every_public_file_is_read_and_99_conditions_in_100_are_kept():
    about = {file.stem: yaml_files.load(file.read_bytes()) for file in (SAMPLES / "institutions").glob("*.yml")}
    files = sorted((SAMPLES / "benefits").rglob("*.yml"))
    found = [
        importing.read(file.read_bytes(), code=importing.code_of(file.name), today=TODAY, institutions=about)
        for file in files
    ]
    conditions, lost = sum(one.conditions for one in found), sum(len(one.lost) for one in found)
    assert len(found) == 431 and lost <= conditions / 100
    assert not [one.item["code"] for one in found if checking.structure_problems(one.item)]
    assert all(
        "fallback" in leaf
        for one in found
        for leaf in evaluation.leaves(one.item["conditions"])
        if leaf["type"] == "qf"
    )
