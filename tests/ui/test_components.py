"""Each component renders valid markup, escapes its values, and is in the catalogue."""

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.paginator import Paginator
from django.template import Context, Template
from django.template.loader import render_to_string

from core.pages import charts, maps
from core.templatetags.civic import money
from tests.ui.pages import assert_clean, read, text

FOLDER = Path(__file__).resolve().parents[2] / "templates" / "components"
EVIL = "<script>x</script>"
MAP = maps.choropleth(
    zones=[maps.Zone("q", "Quartier", {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]]]})],
    title="Carte",
    description="Une phrase",
    legend=["peu", "beaucoup"],
    hidden="caché",
)
CHART = charts.threshold(value=6840, limit=11000, show=money, title="Revenu et limite")

GIVEN: dict[str, dict[str, Any]] = {
    "back_link": {"href": "/", "label": "Retour"},
    "button": {"label": "Arrêter", "kind": "warning", "hidden": "le partage"},
    "details": {"summary": "Comment", "text": "Ainsi."},
    "empty": {"title": "Rien", "text": "Commencez.", "href": "/", "action": "Commencer"},
    "error_summary": {"errors": [{"text": "Écrivez", "href": "#x"}]},
    "headline": {
        "title": "Argent",
        "number": "412 €",
        "unit": "par mois",
        "text": "Ainsi",
        "href": "/",
        "action": "Voir",
    },
    "icon": {"name": "ok"},
    "lines": {"items": [{"label": "Facture", "href": "/", "tag": "Expirée", "tag_kind": "expired", "text": "Hier"}]},
    "messages": {"messages": []},
    "notice": {"kind": "ok", "title": "Fait", "text": "Rien d’autre.", "href": "/", "link": "Voir"},
    "pagination": {"page": Paginator(range(90), 25).page(2), "query": "q=a"},
    "passkey": {
        "act": "get",
        "action": "/connexion/cle/",
        "options": '{"a": "b"}',
        "label": "Entrer",
        "csrf_token": "x",
        "next": "/coffre/",
    },
    "exit": {},
    "panel": {"title": "Fait", "reference": "K7", "text": "Voilà"},
    "progress": {"text": "Page 7 sur 12", "done": 7, "total": 12},
    "qr": {"svg": charts.qr("http://localhost/", "Code QR"), "code": "7KQ4", "text": "Rien"},
    "question": {"title": "Quel loyer ?", "hint": "Par mois", "kicker": "Étape 2 sur 6"},
    "result": {
        "amount": "113 €",
        "period": "par an",
        "title": "Chèque",
        "text": "Oui",
        "links": [{"href": "/", "label": "Pourquoi"}],
    },
    "subject": {"name": "Impôts", "gist": "2 valeurs", "tag": "Vérifié", "tag_kind": "ok", "body": "Ainsi."},
    "summary_list": {"rows": [{"key": "Qui", "value": "Awa", "href": "/"}]},
    "table": {
        "caption": "Papiers",
        "heads": [{"label": "Papier"}, {"label": "Euros", "num": True}],
        "rows": [["Avis", "12"]],
    },
    "tag": {"label": "Vérifié", "kind": "ok"},
    "task_list": {
        "tasks": [{"name": "Avis", "href": "/", "hint": "Récent", "tag": "Manquant", "tag_kind": "expired"}]
    },
    "map": {"map": MAP, "kind": "map", "caption": "Part des trajets."},
    "threshold": {"chart": CHART, "caption": "Par an."},
    "value_row": {
        "label": "Loyer",
        "value": "612 €",
        "origin": "Vous",
        "proof": "bail",
        "proof_href": "/",
        "tag": "Déclaré",
        "href": "/",
        "action": "Corriger",
    },
}
SAFE = {"svg", "page", "chart", "name", "kind", "tag_kind", "query"}


def render(component, /, **given):
    return render_to_string(f"components/{component}.html", given)


def with_evil_text(value):
    """Return the same values, with every text replaced by one that must be escaped."""
    if isinstance(value, dict):
        return {
            name: item if name in SAFE or name.endswith("href") else with_evil_text(item)
            for name, item in value.items()
        }
    if isinstance(value, list):
        return [with_evil_text(item) for item in value]
    return EVIL if isinstance(value, str) else value


def test_every_component_is_in_this_test_and_in_the_catalogue():
    names = {path.stem for path in FOLDER.glob("*.html")}
    listed = set(re.findall(r"^\| `(\w+)` \|", (FOLDER / "README.md").read_text(encoding="utf-8"), re.MULTILINE))
    assert names == set(GIVEN) == listed


@pytest.mark.parametrize("name", GIVEN)
def test_a_component_renders_valid_markup(name):
    html = render(name, **GIVEN[name])
    assert_clean(f"<i id='x'></i>{html}")
    assert name == "messages" or html.strip()


@pytest.mark.parametrize("name", GIVEN)
def test_a_component_renders_without_values(name):
    assert read(render(name)).faults == []


@pytest.mark.parametrize("name", GIVEN)
def test_a_component_escapes_its_values(name):
    assert EVIL not in render(name, **with_evil_text(GIVEN[name]))


def test_a_button_with_a_url_is_a_link():
    assert read(render("button", label="Voir", href="/x")).tags == [("a", {"class": "govuk-button", "href": "/x"})]
    tag, attrs = read(render("button", label="Voir", name="choix", value="oui", kind="secondary")).tags[0]
    assert (tag, attrs["type"], attrs["name"], attrs["value"]) == ("button", "submit", "choix", "oui")


def test_a_green_notice_is_announced_and_an_urgent_one_shows_a_phone():
    assert read(render("notice", kind="ok", text="Fait")).tags[0][1]["role"] == "status"
    assert "M5 4h4l1.5" in render("notice", kind="urgent", text="Appelez")


def test_a_table_has_headers_and_a_caption():
    tags = read(render("table", **GIVEN["table"])).tags
    roles = {attrs.get("role") for _tag, attrs in tags}
    assert {"table", "rowgroup", "row", "columnheader", "rowheader", "cell"} <= roles
    assert [attrs["data-label"] for tag, attrs in tags if tag == "td"] == ["Euros"]


def test_a_long_table_has_no_blanks_between_its_cells():
    heads, rows = [{"label": "Quartier"}, {"label": "Participants", "num": True}], [["Centre", "12"], ["Gare", "15"]]
    html = render("table", caption="Où", heads=heads, rows=rows)
    assert not re.search(r">\s+<", html[html.index("<tbody") : html.index("</tbody>")])


def test_a_task_without_a_link_is_only_text():
    html = render("task_list", tasks=[{"name": "Certificat", "tag": "En attente"}])
    assert "<a" not in html and "Certificat" in text(html)


def test_wrap_passes_a_piece_of_template_to_a_component():
    source = '{% load civic %}{% wrap "details" summary=title %}<p>{{ name }}</p>{% endwrap %}'
    html = Template(source).render(Context({"title": "Comment", "name": EVIL}))
    assert "<p>&lt;script" in html and "Comment" in html
    assert_clean(html)


def test_bars_are_sorted_and_their_table_has_the_same_values():
    chart = charts.bars(
        items=[charts.Bar("Gaz", 94), charts.Bar("Loyer", Decimal("612"))], show=money, title="Dépenses"
    )
    assert chart.rows == [["Loyer", "612\u00a0€"], ["Gaz", "94\u00a0€"]]
    assert chart.wide.index("Loyer") < chart.wide.index("Gaz")
    assert_clean(chart.wide + chart.narrow)


@pytest.mark.parametrize(("value", "tone"), [(6840, "c1"), (11000, "c1"), (12000, "c2")])
def test_a_value_over_the_limit_has_another_colour_and_a_text(value, tone):
    chart = charts.threshold(value=value, limit=11000, show=money, title="Revenu et limite")
    assert f'class="{tone}" fill="#' in chart.wide
    assert "Vous\u00a0: " in chart.wide and "Limite\u00a0: 11\u00a0000\u00a0€" in chart.wide


@pytest.mark.parametrize(("value", "limit"), [(0, 11000), (-20, 11000), (1, 0), (0, 0), (10**9, 1)])
def test_bars_and_labels_stay_inside_the_drawing(value, limit):
    chart = charts.threshold(value=value, limit=limit, show=money, title="Revenu et limite")
    for svg, width in ((chart.wide, charts.WIDE), (chart.narrow, charts.NARROW)):
        for tag, attrs in read(svg).tags:
            if tag == "rect":
                assert (
                    float(attrs["x"]) >= 0
                    and float(attrs["width"]) > 0
                    and float(attrs["x"]) + float(attrs["width"]) <= width
                )
            if tag == "text":
                assert 0 <= float(attrs["x"]) <= width


def test_charts_are_reproducible_and_escape_their_labels():
    again = charts.threshold(value=6840, limit=11000, show=money, title="Revenu et limite")
    assert again == CHART
    assert EVIL not in charts.bars(items=[charts.Bar(EVIL, 1)], show=money, title=EVIL).wide
