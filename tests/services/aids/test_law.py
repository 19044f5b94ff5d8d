"""The law that is loaded from compiled parameters is OpenFisca's own."""

import importlib.util
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from openfisca_core.parameters import ParameterNode, ParameterNodeAtInstant, helpers, parameter_node
from openfisca_france import FranceTaxBenefitSystem

from services.aids.engine import law
from services.aids.engine import run as engine

pytestmark = pytest.mark.slow
DAY = "2026-11-01"


@pytest.fixture(scope="module")
def stock() -> FranceTaxBenefitSystem:
    return FranceTaxBenefitSystem()


def described(node: Any) -> Any:
    """Return all that a parameter, a scale or a group holds, without the links between them."""
    if isinstance(node, list | tuple):
        return [described(one) for one in node]
    if isinstance(node, dict):
        return {key: described(value) for key, value in node.items()}
    if not hasattr(node, "__dict__"):
        return node
    named = vars(node).get("children", ())
    return type(node).__name__, {
        key: described(value) for key, value in vars(node).items() if key not in named and value is not node
    }


def on_a_day(node: Any) -> Any:
    if isinstance(node, ParameterNodeAtInstant):
        return {name: on_a_day(node._children[name]) for name in node}
    return vars(node) if hasattr(node, "__dict__") else node


def test_parameters_and_variables_are_those_that_openfisca_loads(stock):
    ours = engine.system(True)
    assert described(ours.parameters) == described(stock.parameters)
    assert [*ours.variables] == [*stock.variables]
    for name, variable in stock.variables.items():
        dates = [str(day) for day in variable.formulas]
        assert [str(day) for day in ours.variables[name].formulas] == dates
        assert ours.variables[name].entity.key == variable.entity.key


def test_a_group_that_reads_its_parameters_when_asked_has_those_of_a_group_that_reads_them_all(stock, monkeypatch):
    monkeypatch.setattr(parameter_node, "ParameterNodeAtInstant", ParameterNodeAtInstant)
    at_once = stock.parameters(DAY)
    monkeypatch.undo()
    asked = engine.system(True).parameters(DAY)
    assert (type(at_once), type(asked)) == (ParameterNodeAtInstant, law.NodeAtInstant)
    assert on_a_day(asked) == on_a_day(at_once)
    assert asked.prestations_sociales is asked["prestations_sociales"]


def test_a_parameter_without_value_on_a_day_is_missing_then_each_time_it_is_asked_for():
    group = ParameterNode(
        "group", data={"late": {"values": {"2026-06-01": {"value": 5}}}, "none": {"values": {DAY: {"value": 1}}}}
    )
    early, late = (law.NodeAtInstant("group", group, day) for day in ("2026-01-01", "2026-07-01"))
    for _ in range(2):
        with pytest.raises(AttributeError):
            _ = early.late
        assert (late.late, [*late], [*early]) == (5, ["late"], [])


class TestCompiledFile:
    @pytest.fixture(autouse=True)
    def package(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """A package with two parameters."""
        monkeypatch.setattr(law, "PACKAGE", tmp_path)
        monkeypatch.setattr(law, "PARAMETERS", tmp_path / "parameters")
        monkeypatch.setattr(sys, "dont_write_bytecode", False)
        (tmp_path / "parameters" / "deep").mkdir(parents=True)
        (tmp_path / "parameters" / "one.yaml").write_text("values: {2026-01-01: {value: 1.5}}")
        (tmp_path / "parameters" / "deep" / "two.yaml").write_text("values: {2026-01-01: {value: 2}}")
        return tmp_path

    @pytest.fixture
    def parsings(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        done: list[str] = []
        real = helpers._load_yaml_file

        def parse(file: str) -> Any:
            done.append(file)
            return real(file)

        monkeypatch.setattr(helpers, "_load_yaml_file", parse)
        return done

    def values(self) -> dict[str, Any]:
        return {name: found["values"]["2026-01-01"]["value"] for name, found in law.parsed().items()}

    def test_files_are_parsed_once(self, parsings):
        assert self.values() == self.values() == {"parameters/one.yaml": 1.5, "parameters/deep/two.yaml": 2}
        assert len(parsings) == 2

    @pytest.mark.parametrize("name", ["one.yaml", "new.yaml"])
    def test_a_changed_file_or_a_new_one_is_read(self, package, name):
        self.values()
        (package / "parameters" / name).write_text("values: {2026-01-01: {value: 1000}}")
        assert self.values()[f"parameters/{name}"] == 1000

    def test_an_image_that_keeps_whole_seconds_needs_no_parsing(self, package, parsings):
        self.values()
        for file in (package / "parameters").rglob("*.yaml"):
            os.utime(file, (int(file.stat().st_mtime),) * 2)
        self.values()
        assert len(parsings) == 2

    def test_another_version_of_the_engine_is_read(self, monkeypatch, parsings):
        self.values()
        monkeypatch.setattr(law, "version", lambda package: f"{package} 2")
        self.values()
        assert len(parsings) == 4

    @pytest.mark.parametrize("content", [b"", b"\xff\x00 not JSON", b"1", b"[1, 2]", b'["x", {}]'])
    def test_a_broken_file_is_made_anew(self, content, parsings):
        law._compiled().parent.mkdir()
        law._compiled().write_bytes(content)
        assert self.values() == self.values()
        assert len(parsings) == 2

    def test_a_group_with_numbers_for_names_is_parsed_each_time(self, package, parsings):
        (package / "parameters" / "by_age.yaml").write_text("1: {values: {2026-01-01: {value: 3}}}")
        assert law.parsed() == law.parsed()
        assert law.parsed()["parameters/by_age.yaml"][1]["values"]["2026-01-01"]["value"] == 3
        assert [Path(file).name for file in parsings[3:]] == ["by_age.yaml"] * 2

    def test_where_nothing_may_be_written_files_are_parsed_each_time(self, package, monkeypatch, parsings):
        (package / "__pycache__").write_text("a file where the folder would be")
        assert self.values() == self.values()
        assert len(parsings) == 4

    def test_a_process_that_writes_no_byte_code_writes_no_parameters(self, monkeypatch):
        monkeypatch.setattr(sys, "dont_write_bytecode", True)
        self.values()
        assert not law._compiled().exists()

    def test_it_lies_beside_the_byte_code(self):
        compiled = Path(importlib.util.cache_from_source(str(law.PACKAGE / "__init__.py")))
        assert law._compiled().parent == compiled.parent
