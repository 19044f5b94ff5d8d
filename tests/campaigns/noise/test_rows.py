"""Rows hold cells and steps within the plan's bounds, and pack into as many bytes for everybody."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.noise import rows
from campaigns.noise.rows import RowOutOfBounds
from tests.campaigns.made import plan

PLAN = plan()
VALUES: dict[str, list[Any]] = {
    "mobilite.trajet#/segments/*/mode": ["vae", "marche", "velo", "train"],
    "mobilite.lieu#/iris": ["q12"],
    "mobilite.trajet#/origine_zone": ["q11", "q11", "q21", "elsewhere"],
    "mobilite.trajet#/destination_zone": ["q23", "q22", "s2", "q11"],
    "mobilite.trajet#/segments/*/distance_m": [1000, 2700],
}


def row(**changes):
    return {"mode": 1, "home": 2, "trip": [1, 3], "age": None, "km": 7, **changes}


def test_values_are_coarsened():
    # Two bicycles win over one walk; 1.85 km is the fourth step of half a kilometre.
    assert rows.coarsen(PLAN, VALUES) == {"mode": 1, "home": 1, "trip": [1, 3], "age": None, "km": 4}


def test_no_values_give_an_empty_row():
    found = rows.coarsen(PLAN, {})
    assert set(found.values()) == {None}
    rows.check_row(PLAN, found)


@pytest.mark.parametrize(("value", "steps"), [(-5, 0), (0.25, 1), (39.9, 80), (1e9, 80)])
def test_a_measure_is_clamped_and_rounded(value, steps):
    assert rows.steps_of(PLAN.measure("km"), value) == steps


def test_only_four_different_trips_leave():
    values = {
        "mobilite.trajet#/origine_zone": ["s1", "s1", "s2", "s2"] * 9,
        "mobilite.trajet#/destination_zone": ["s1", "s2", "s1", "s2"] * 9,
    }
    assert rows.coarsen(PLAN, values)["trip"] == [0, 1, 2, 3]


@pytest.mark.parametrize(
    "changes",
    [
        {"mode": 3},
        {"mode": -1},
        {"mode": True},
        {"mode": 1.0},
        {"mode": [1]},
        {"trip": 1},
        {"trip": []},
        {"trip": [1, 1]},
        {"trip": [0, 1, 2, 3, 0]},
        {"trip": [4]},
        {"km": 81},
        {"km": -1},
        {"km": 3.5},
        {"extra": 1},
    ],
)
def test_a_row_out_of_bounds_is_refused(changes):
    with pytest.raises(RowOutOfBounds):
        rows.check_row(PLAN, row(**changes))
    with pytest.raises(RowOutOfBounds):
        rows.pack(PLAN, row(**changes))


def test_a_missing_column_is_refused():
    found = row()
    del found["km"]
    with pytest.raises(RowOutOfBounds):
        rows.check_row(PLAN, found)


CELL = st.none() | st.integers(0, 2)


@given(
    mode=CELL,
    home=st.none() | st.integers(0, 5),
    trip=st.none() | st.lists(st.integers(0, 3), min_size=1, max_size=4, unique=True),
    age=CELL,
    km=st.none() | st.integers(0, 80),
)
def test_any_row_comes_back_from_its_bytes(**values):
    packed = rows.pack(PLAN, values)
    assert len(packed) == 2 * rows.width(PLAN) == 16
    assert rows.unpack(PLAN, packed) == values


@pytest.mark.parametrize("packed", [b"", bytes(15), b"\x00\x09" + bytes(14), b"\xff\xfd" * 8])
def test_other_bytes_are_refused(packed):
    with pytest.raises(RowOutOfBounds):
        rows.unpack(PLAN, packed)
