"""Files and words of a publication: a hidden cell has no figure anywhere, every file names its plan and ρ."""

import csv
import hashlib
import io
import json
import re
from copy import deepcopy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.contributions.models import Publication
from campaigns.noise.plan import Plan
from campaigns.results.files import making
from campaigns.results.presenting import figures, finding, sections, windows
from campaigns.results.published import Published
from core import canonical
from tests.campaigns.results import published as made


def wrapped(document, told):
    text = canonical.encode(told).decode()
    row = Publication(
        window=told["window"],
        published_on=told["date"],
        document=text,
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        note="signed",
    )
    return Published(row, Plan.from_json(document), document)


@pytest.fixture(scope="module")
def document():
    return made.mapped()


@pytest.fixture(scope="module")
def told(document):
    return made.drawn(Plan.from_json(document), 2_000)


@pytest.fixture
def one(document, told):
    return wrapped(document, told)


def test_every_file_names_the_plan_the_publication_and_rho(one):
    for kind in making.KINDS.values():
        content = kind.make(one).decode()
        assert one.plan.sha256 in content, kind.name
        assert one.sha256 in content, kind.name
        assert f"{one.plan.rho:g}" in content, kind.name


def test_a_file_gives_the_same_bytes_in_both_languages(one, settings):
    for kind in making.KINDS.values():
        settings.LANGUAGE_CODE = "fr"
        first = kind.make(one)
        settings.LANGUAGE_CODE = "en"
        assert kind.make(one) == first


#: A figure that no publication of the tests has, for each cell that is hidden.
MARK = 7_770_000
FIGURE, HASH = re.compile("77[67]"), re.compile("[0-9a-f]{64}|m[0-9a-f]{10}|byteSize.:[0-9]+")


@settings(max_examples=15)
@given(places=st.sets(st.integers(0, 39), max_size=30).map({0}.union))
def test_no_figure_of_a_hidden_cell_is_in_any_output(document, told, places):
    """A cell is hidden by its own word alone: figures that a document would hold beside it must not come out."""
    changed = deepcopy(told)
    marked = 0
    for table in changed["tables"]:
        for place, cell in enumerate([*table["cells"], *table["totals"]]):
            if place in places:
                marked += 1
                cell.update(shown=False, value=MARK + place, low=MARK - place, high=MARK + place)
    assert marked
    one = wrapped(document, changed)
    outputs = [kind.make(one).decode() for name, kind in making.KINDS.items() if name not in {"json", "geojson"}]
    outputs += [str(sections.of(one)), finding.title(one), finding.lede(one), str(finding.facts(one))]
    outputs += [str(windows.compared([one, one]))]
    outputs += [json.dumps(json.loads(making.as_geojson(one))["features"])]
    for output in outputs:
        assert not FIGURE.search(HASH.sub("", output))


def test_the_csv_has_each_cell_once_with_its_interval(one):
    rows = list(csv.DictReader(io.StringIO(making.as_csv(one).decode("utf-8-sig"))))
    assert len(rows) == sum(len(table["cells"]) for table in one.tables)
    for row in rows:
        if row["shown"] == "yes":
            assert float(row["low"]) <= float(row["value"]) <= float(row["high"])
        else:
            assert (row["value"], row["low"], row["high"], row["count"]) == ("", "", "", "")


def test_a_label_that_begins_a_formula_is_text_in_a_spreadsheet(document, told):
    changed = deepcopy(document)
    changed["dimensions"][0]["cells"][0]["label"] = {"fr": '=HYPERLINK("x")', "en": "@SUM(1)"}
    content = making.as_csv(wrapped(changed, told)).decode()
    assert "'=HYPERLINK" in content
    assert ",=HYPERLINK" not in content
    assert "'@SUM" in content


def test_nothing_says_that_a_hidden_total_is_of_fewer_than_eleven(one):
    """A cell of many more is hidden as well, if its noisy number falls under the threshold."""
    least = max(table["threshold"] for table in one.tables)
    assert least > 20, "a cell of twenty is hidden more often than not"
    words = [str(sections.of(one)), str(finding.facts(one)), figures.why_hidden()]
    files = [kind.make(one).decode() for kind in making.KINDS.values()]
    for output in [*words, *files]:
        assert "11 personnes" not in output and "fewer than 11" not in output


def test_sdmx_says_that_a_hidden_cell_is_confidential(one):
    rows = list(csv.DictReader(io.StringIO(making.as_sdmx(one).decode())))
    hidden = [row for row in rows if row["OBS_STATUS"] == "Q"]
    assert hidden, "the last quarter is rare"
    assert {(row["OBS_VALUE"], row["CONF_STATUS"]) for row in hidden} == {("", "C")}
    assert {row["STRUCTURE_ID"].partition(":")[2] for row in rows} >= {"TRAJETS_MODES(1.0)", "TRAJETS_KM_HOME(1.0)"}


def test_the_map_has_each_zone_with_its_figures(one):
    told = json.loads(making.as_geojson(one))
    assert len(told["features"]) == 8
    quarter = next(each for each in told["features"] if each["properties"]["code"] == "q11")
    assert quarter["geometry"]["type"] == "Polygon"
    assert {"km-home", "mode-home"} <= set(quarter["properties"]["tables"])


def test_the_catalogue_gives_the_hash_of_each_file(one):
    told = json.loads(making.as_dcat(one))
    hashes = {each["dcterms:title"]: each["spdx:checksum"]["spdx:checksumValue"] for each in told["dcat:distribution"]}
    assert set(hashes) == {"csv", "geojson", "sdmx.csv", "json"}
    assert hashes["csv"] == hashlib.sha256(making.as_csv(one)).hexdigest()


def test_the_page_begins_with_the_largest_answer(one):
    assert finding.title(one).startswith("À pied\N{NO-BREAK SPACE}: environ ")
    assert "%" in finding.title(one)


def test_two_answers_whose_margins_touch_are_not_ordered(document, told):
    changed = deepcopy(told)
    first, second, *_rest = changed["tables"][0]["cells"]
    first.update(shown=True, value=800, low=780, high=820)
    second.update(shown=True, value=795, low=775, high=815)
    assert "n’est pas sûr" in finding.lede(wrapped(document, changed))


def test_a_share_above_nine_tenths_is_not_written_exactly(document, told):
    changed = deepcopy(told)
    changed["noisy_n"].update(value=1000, low=990, high=1010)
    changed["tables"][0]["cells"][0].update(shown=True, value=970, low=960, high=980)
    title = finding.title(wrapped(document, changed))
    assert "plus de 90" in title
    assert "97" not in title


def test_the_interval_of_a_share_holds_those_of_its_part_and_its_whole():
    found = figures.share({"value": 300, "low": 290, "high": 310}, {"value": 1000, "low": 980, "high": 1020})
    assert found is not None
    assert (found.value, found.low, found.high) == (30, 28, 32)


def test_a_change_is_said_only_when_margins_do_not_touch(document, told):
    changed = deepcopy(told)
    changed["noisy_n"].update(value=2000, low=1990, high=2010)
    for cell, value in zip(changed["tables"][0]["cells"], (1000, 300, 700), strict=False):
        cell.update(shown=True, value=value, low=value - 20, high=value + 20)
    after = deepcopy(changed)
    after["tables"][0]["cells"][1].update(value=500, low=480, high=520)
    after["tables"][0]["cells"][0].update(value=990, low=970, high=1010)
    [series] = [
        one for one in windows.compared([wrapped(document, changed), wrapped(document, after)]) if one.title == "Moyen"
    ]
    verdicts = {row[0]: row[-1] for row in series.rows}
    assert verdicts["Vélo"] == "En hausse"
    assert verdicts["À pied"] == "Rien à conclure"
    assert series.sentence == "Ont changé\N{NO-BREAK SPACE}: Vélo."
