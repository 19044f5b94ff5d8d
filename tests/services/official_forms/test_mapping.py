"""A map is read within limits, checked against its blank, and refused in a sentence."""

import re
import tracemalloc

import pytest

from services.official_forms import mapping
from services.official_forms.mapping import Box, Refused, read, starter
from tests.services.official_forms.made import FIELDED, FLAT, facts_of, map_text, mapped, sha256


def refusal(text: str, content: bytes = FLAT) -> str:
    with pytest.raises(Refused) as found:
        read(text, sha256=sha256(content), facts=facts_of(content))
    return str(found.value).replace("\u00a0", " ")


def test_a_map_says_what_goes_where():
    found = mapped(FLAT)
    assert [line.name for line in found.lines] == ["nom", "naissance", "motif", "locataire", "enfant"]
    name, children = found.lines[0], found.lines[-1]
    assert (name.kind, name.required, name.is_asked) == ("text", True, False)
    # 110 points from the left and 40 from the top of the page.
    assert name.places[0].box == Box(0, 3881, 1411, 7408, 635)
    assert [row[0].box.top for row in children.rows] == [6950, 6950 + 706]
    assert found.fields() == ["logement.domicile#/statut_occupation"]


def test_a_field_gives_its_own_place():
    flat, fielded = mapped(FLAT), mapped(FIELDED)
    for one, other in zip(flat.lines, fielded.lines, strict=True):
        for mine, theirs in zip(one.rows, other.rows, strict=True):
            assert abs(mine[0].box.left - theirs[0].box.left) <= 2 and abs(mine[0].box.top - theirs[0].box.top) <= 2
            assert theirs[0].widget is not None and mine[0].widget is None
    assert fielded.lines[3].option == "Locataire"


def test_a_first_map_has_a_line_for_each_field():
    text = starter(sha256(FIELDED), facts_of(FIELDED))
    found = read(text, sha256=sha256(FIELDED), facts=facts_of(FIELDED))
    assert {line.places[0].field for line in found.lines} == {
        "identite.nom",
        "identite.naissance",
        "motif",
        "logement",
        "enfant_1",
        "enfant_2",
    }
    kinds = {line.label: (line.kind, line.cells) for line in found.lines}
    assert kinds["identite.naissance"] == ("comb", 8) and kinds["motif"] == ("lines", 0)
    assert read(starter(sha256(FLAT), facts_of(FLAT)), sha256=sha256(FLAT), facts=facts_of(FLAT)).lines


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"nom": {"box": [140, 10, 30, 7]}}, "« nom » : sa place sort de la page."),
        ({"nom": {"box": [10, 104, 30, 7]}}, "« nom » : sa place sort de la page."),
        ({"nom": {"box": [-5, 10, 30, 7]}}, "quatre longueurs"),
        ({"nom": {"box": [10, 10, 30]}}, "quatre longueurs"),
        ({"nom": {"box": [10, 10, 30, float("nan")]}}, "quatre longueurs"),
        ({"nom": {"box": [10, 10, 30, 1e300]}}, "quatre longueurs"),
        ({"nom": {"box": [10, 10, 30, 10**400]}}, "quatre longueurs"),
        ({"nom": {"box": [10, 10, 30, float("inf")]}}, "quatre longueurs"),
        ({"nom": {"box": [10, 10, 0.1, 7]}}, "sort de la page"),
        ({"nom": {"page": 2}}, "« page » va de 1 à 1"),
        ({"nom": {"page": 0}}, "« page » va de 1 à 1"),
        ({"nom": {"page": True}}, "« page » va de 1 à 1"),
        ({"enfant": {"step": 40}}, "« enfant » : sa place sort de la page."),
        ({"enfant": {"rows": 11}}, "« rows »"),
        ({"nom": {"rows": 2}}, "« rows »"),
        ({"nom": {"value": "identite.pivot#/rien"}}, "n’existe pas dans les coffres"),
        ({"nom": {"value": "personne#/rien"}}, "n’existe pas dans les coffres"),
        ({"nom": {"kind": "script"}}, "« kind »"),
        ({"nom": {"of": "voisin"}}, "« of »"),
        ({"nom": {"colour": "red"}}, "« colour » n’existe pas"),
        ({"nom": {"name": "Nom !"}}, "nom impossible"),
        ({"motif": {"name": "nom"}}, "même nom : « nom »"),
        ({"nom": {"field": "rien"}}, "pas de champ « rien »"),
        ({"naissance": {"cells": 0}}, "combien de cases"),
        ({"blank": sha256(FIELDED)}, "écrit pour un autre formulaire"),
        ({"lines": []}, "aucune ligne"),
        ({"lines": [{"name": "a"}]}, "n’a pas de nom"),
        ({"lines": ["a"]}, "n’a pas de nom"),
    ],
)
def test_a_wrong_map_is_refused_in_a_sentence(changes, said):
    assert said in refusal(map_text(FLAT, **changes))


def test_the_map_of_another_blank_is_refused():
    assert "autre formulaire" in refusal(map_text(FLAT), FIELDED)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]", "alias"),
        ("- " * 50 + "x", "emboîté"),
        ("[" * 2000, "lisible|emboîté"),
        ("lines: [" + "a," * 20_000 + "]", "trop grand"),
        ("x" * 100_001, "trop gros"),
        ("blank: [", "YAML lisible : ligne"),
        ("!!python/object/apply:os.system ['ls']", "YAML lisible"),
        ("juste du texte", "aucune ligne"),
        ("", "aucune ligne"),
        ("\x00", "YAML lisible"),
        ('lines: ["\\ud800"]', "YAML lisible"),
    ],
    ids=["bomb", "deep", "deeper", "many", "big", "broken", "python", "text", "empty", "nul", "half"],
)
def test_a_hostile_text_is_refused_in_a_sentence(text, said):
    assert re.search(said, refusal(text))


def test_a_bomb_builds_nothing():
    """Nine levels of nine would be 400 million items."""
    bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{name}: &{name} [{','.join([f'*{before}'] * 9)}]\n"
        for before, name in zip("abcdefgh", "bcdefghi", strict=True)
    )
    tracemalloc.start()
    assert "alias" in refusal(bomb)
    assert tracemalloc.get_traced_memory()[1] < 20_000_000
    tracemalloc.stop()


def test_a_map_has_two_hundred_lines_at_most():
    many = [{"name": f"l{number}", "label": "L", "page": 1, "box": [1, 1, 9, 5]} for number in range(201)]
    assert "200 lignes" in refusal(map_text(FLAT, lines=many))
    assert mapping.MOST_LINES == 200
