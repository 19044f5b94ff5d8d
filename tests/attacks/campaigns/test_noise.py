"""The attacks of a sceptical statistician, each at its pass line."""

import json
import math
from typing import Any

import numpy as np
import pytest

from campaigns.noise import attackers, budget, mechanism, preview, verifying
from campaigns.noise.publication import POSTPONED, PUBLISHED, TOO_FEW, Publication
from campaigns.noise.tally import Tally
from tests.attacks.campaigns import measures
from tests.attacks.campaigns.measures import PLAN, SAMPLES, release, rows
from tests.campaigns.made import document, plan


def test_one_resident_moves_no_vector_further_than_its_noise_was_made_for():
    measures.check_sensitivity()


def test_the_noise_is_a_discrete_gaussian():
    measures.check_sampler()


def test_noise_is_never_drawn_from_the_same_seed_again():
    measures.check_fresh_noise()


def test_small_cells_are_hidden():
    measures.check_small_cells()


def test_intervals_of_shown_cells_contain_the_true_value():
    measures.check_coverage()


def test_intervals_of_means_contain_the_true_value():
    measures.check_coverage_of_means()


def test_somebody_who_knows_all_others_learns_no_more_than_the_bound():
    measures.check_membership()


def test_each_charge_comes_before_its_noise(monkeypatch):
    measures.check_charged_before_noise(monkeypatch)


def test_a_cell_is_hidden_by_its_noisy_count(monkeypatch):
    measures.check_hidden_by_the_noisy_count(monkeypatch)


def test_a_charge_that_fails_ends_the_release_and_is_not_taken_back():
    charged = []

    def charge(table, rho):
        charged.append(table)
        if table == "mode-home":
            raise RuntimeError("the ledger is full")

    with pytest.raises(RuntimeError):
        release(rows(300), charge=charge)
    assert charged == ["_check", "modes", "mode-home"]


# Withdrawals


def test_a_withdrawal_between_two_windows_tells_nothing():
    """Those counted before are not counted again: the second publication is drawn without the one who left."""
    measures.check_withdrawal()


def test_a_publication_never_depends_on_those_who_left_after_it():
    everybody = rows(300)
    first = release(everybody)
    kept = first.as_bytes()
    del everybody[:50]
    release(rows(300, seed=2), window=1)
    assert first.as_bytes() == kept and Publication(json.loads(kept)).sha256 == first.sha256


# Reconstruction


def test_contributors_are_guessed_hardly_better_than_people_who_did_not_take_part():
    """Guess the mode from age and quarter by the published tables, for contributors and for a control group."""
    rng = np.random.default_rng(9)
    pairs = [("age", "mode"), ("home", "mode"), ("age", "home")]
    tables = [
        {**document()["tables"][0], "code": f"{one}-{other}", "dimensions": [one, other], "rho": 0.06}
        for one, other in pairs
    ]
    told = plan(tables=tables)
    gains = []
    for _ in range(25 * SAMPLES):
        inside, outside = rows(150, rng=rng), rows(150, rng=rng)
        found: list[dict[str, Any]] = []
        while not found:  # once in 1,300 releases the noise on the number of residents postpones it
            found = release(inside, of=told).document["tables"]
        values = [{tuple(cell["at"]): cell.get("value", 0) for cell in table["cells"]} for table in found[:2]]
        right = [sum(_guess(values, row) == row["mode"] for row in group) / len(group) for group in (inside, outside)]
        gains.append(right[0] - right[1])
    # 0.026 is expected, and 25 groups of 150 people are few: their own error counts.
    assert np.mean(gains) <= 0.05 + measures.ERRORS * np.std(gains) / math.sqrt(len(gains))


def _guess(values, row):
    by_age, by_home = values
    return max(range(3), key=lambda mode: (by_age[row["age"], mode] + 1) * (by_home[row["home"], mode] + 1))


def test_secret_bits_are_not_decoded_from_all_that_is_published():
    rng = np.random.default_rng(3)
    told, right = plan(), []
    for _ in range(12 * SAMPLES):
        everybody = [{**row, "mode": int(rng.integers(2))} for row in rows(200, rng=rng)]
        cells = {
            tuple(one["at"]): one.get("value", 0) for one in release(everybody, of=told).document["tables"][1]["cells"]
        }
        guessed = [int(cells[row["home"], 1] > cells[row["home"], 0]) for row in everybody]
        right.append(np.mean([bit == row["mode"] for bit, row in zip(guessed, everybody, strict=True)]))
    assert np.mean(right) <= 0.60


def test_fake_accounts_hardly_find_the_cell_of_a_lone_resident():
    """Fake accounts lift every cell of a quarter above its threshold, and the attacker takes them away again."""
    cells, rho, trials = 8, 0.05, 8_000 * SAMPLES
    secret = np.tile(np.eye(cells, dtype=int)[3], trials)
    seen = (
        mechanism.draw(secret, 1, rho).reshape(trials, cells) + np.random.default_rng(1).random((trials, cells)) * 0.5
    )
    right = (seen.argmax(axis=1) == 3).mean()
    error = 3 * math.sqrt(0.16 / trials)
    assert right <= min(0.30, math.exp(budget.epsilon(rho)) / cells)
    assert abs(right - attackers.finds_cell(rho, cells)) <= 0.01 + error


# What leaks beside the figures


def test_no_exact_vector_is_printed_or_raised(caplog):
    tally = Tally(PLAN).add(rows(50))
    assert repr(tally) == "<Tally>"

    def charge(table, rho):
        if table == "trips":
            raise RuntimeError(table)

    with pytest.raises(RuntimeError) as raised:
        release(rows(300), charge=charge)
    assert str(raised.value) == "trips" and not caplog.records


def test_hidden_cells_have_no_figure():
    told = release(rows(200)).document
    hidden = [cell for table in told["tables"] for cell in table["cells"] if not cell["shown"]]
    assert hidden and all(set(cell) == {"at", "shown"} for cell in hidden)


def test_a_forged_row_counts_nowhere_and_stops_nothing():
    from campaigns.noise.rows import pack, width

    good = [pack(PLAN, row) for row in rows(300)]
    bad = [b"", b"\x00\x09" + bytes(2 * width(PLAN) - 2), bytes(2 * width(PLAN) + 2), b"\xff\xfd" * width(PLAN)]
    twice = pack(PLAN, rows(1)[0])[:4] + b"\x00\x01\x00\x01\xff\xff\xff\xff" + b"\x00\x00\x00\x00"
    exact = Tally(PLAN).add([*good, *bad, twice])
    assert exact.rows == 300
    assert all((exact.counts[code] == vector).all() for code, vector in Tally(PLAN).add(good).counts.items())


# Too few


@pytest.mark.parametrize(("window", "outcome"), [(0, POSTPONED), (1, TOO_FEW)])
def test_with_too_few_new_contributions_only_their_number_is_looked_at(window, outcome):
    charged = []
    told = release(rows(5), window=window, charge=lambda table, rho: charged.append(table))
    assert (told.outcome, told.document["tables"], charged) == (outcome, [], ["_check"])
    assert verifying.problems(told, PLAN) == []


# Verifying


@pytest.fixture(scope="module")
def published():
    found = release(rows(400))
    assert found.outcome == PUBLISHED
    return found


def test_a_publication_is_verified_from_its_document_alone(published):
    assert verifying.problems(Publication(json.loads(published.as_bytes())), PLAN) == []


@pytest.mark.parametrize(
    "change",
    [
        lambda told: told.update(rho=0.1),
        lambda told: told.update(epsilon_at_delta=1.0),
        lambda told: told.update(plan_sha256="0" * 64),
        lambda told: told.update(date="2027-01-01"),
        lambda told: told["tables"].pop(),
        lambda told: told["tables"][0].update(sigma=1.0),
        lambda told: told["tables"][0].update(threshold=11),
        lambda told: told["tables"][0]["cells"][0].update(value=101),
        lambda told: told["tables"][0]["cells"][0].update(low=10_000),
        lambda told: told["tables"][0]["cells"][3].update(value=0),
        lambda told: told["tables"][1]["cells"].reverse(),
        lambda told: told["tables"][1]["totals"][0].update(sigma=0.1),
        lambda told: told["noisy_n"].update(value=401),
        lambda told: told.pop("noisy_n"),
        lambda told: told.update(tables=None),
    ],
)
def test_a_change_of_a_publication_is_found(published, change):
    told = json.loads(published.as_bytes())
    change(told)
    assert verifying.problems(Publication(told), PLAN)


def test_publications_name_the_ones_before_them(published):
    second = mechanism.release(
        PLAN, PLAN.windows[1], rows(300), charge=measures.free, previous_sha256=published.sha256
    )
    assert verifying.chain_problems([published, second], PLAN) == []
    assert verifying.chain_problems([second], PLAN) and verifying.chain_problems([published, published], PLAN)


# What is promised


@pytest.mark.parametrize(
    ("rho", "epsilon", "between_two", "found"),
    [(0.05, 1.5, 0.59, 0.022), (0.2, 3.1, 0.67, 0.045), (0.5, 5.2, 0.76, 0.092)],
)
def test_the_figures_shown_of_a_budget(rho, epsilon, between_two, found):
    assert budget.epsilon(rho) == pytest.approx(epsilon, abs=0.05)
    assert attackers.right_between_two(rho) == pytest.approx(between_two, abs=0.005)
    assert attackers.found_at(rho) == pytest.approx(found, abs=0.001)
    assert attackers.right_with_prior(rho, 0.9) >= 0.9


def test_the_preview_is_what_a_release_shows():
    """The preview's cells and errors are within a fifth of those of releases of the supposed contributors."""
    rng, table = np.random.default_rng(2), PLAN.table("mode-home")
    supposed = preview.expected(PLAN, table, 300)
    shown = []
    for _ in range(25):
        everybody = [{**row, "mode": int(rng.integers(3))} for row in rows(300, rng=rng)]
        cells = release(everybody).document["tables"][1]["cells"]
        shown.append(sum(cell["shown"] for cell in cells if cell["at"][0] < 6 and cell["at"][1] < 3))
    assert np.mean(shown) == pytest.approx(supposed.shown, rel=0.2)
