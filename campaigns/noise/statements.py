"""What a publication states of its privacy, in English, from its plan and its figures. It is frozen with them."""

from collections.abc import Mapping
from typing import Any

from campaigns.noise import budget
from campaigns.noise.plan import Plan
from campaigns.noise.refusals import CHECK_RHO

LICENCE = "https://www.etalab.gouv.fr/licence-ouverte-open-licence/"
SAMPLE = (
    "Participants chose to take part. The figures describe them, not the whole population. Intervals cover the noise"
    " that was added, not sampling or selection."
)
THRESHOLD = (
    "a total is hidden when its noisy number is under its table's threshold: too few to be shown, or too uncertain"
)

#: What keeps a dwelling from being counted twice, and what does not.
DWELLING = "; a household that the portal knows contributes once, others are asked to"


def write_statements(plan: Plan, document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of privacy, the sheet of the registry of deployments and the answers to NIST.

    Args:
        document: of a publication, with its tables.
    """
    return {
        "privacy": _write_settings(plan, document),
        "deployment": _write_sheet(plan, document),
        "nist_sp_800_226": _answer_nist(plan, document),
    }


def _write_settings(plan: Plan, document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of privacy that every file repeats."""
    return {
        "campaign": document["campaign"],
        "window": document["window"],
        "date": document["date"],
        "plan_sha256": document["plan_sha256"],
        **budget.compute_spending(plan),
        "sample": SAMPLE,
        "licence": LICENCE,
        "interval": "95 %",
        "threshold": THRESHOLD,
    }


def _write_sheet(plan: Plan, document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a description under the headings of the public registry of deployments (arXiv 2509.13509)."""
    sums = {table["code"]: table["sum_sigma"] for table in document["tables"] if "sum_sigma" in table}
    return {
        "product": {
            "name": plan.title.en,
            "data_curators": [plan.sponsor],
            "partners": [one.name for one in plan.partners],
            "intended_use": plan.purpose.en,
            "data_product_type": "Summary statistics",
            "data_product_region": plan.sponsor,
            "data_product_sector": "Government",
            "description": "Tables of counts and means, fixed before collection: "
            + ", ".join(table.label.en for table in plan.tables),
            "publication_date": document["date"],
        },
        "dp_flavor": {
            "name": "Zero-concentrated DP",
            "input_metric": "symmetric distance: one contribution is added or removed",
            "bound_on_input_distance": 1,
            "data_domain": "rows of fixed length: cells of the plan and clamped measures, no name, address or time",
            "unprotected_quantities": "none: cells, bounds, thresholds and dates come from public knowledge",
        },
        "privacy_loss": {
            "privacy_unit": plan.unit,
            "privacy_unit_description": f"everything published about one contribution, which counts in one window only"
            f"{DWELLING if plan.unit == 'dwelling' else ''}",
            "privacy_parameters": budget.compute_spending(plan),
            "this_publication": {"rho": document["rho"], "epsilon": document["epsilon_at_delta"]},
            "by_table": {table["code"]: table["rho"] for table in document["tables"]},
            "looks_at_the_number_of_contributions": [CHECK_RHO] * len(plan.windows),
            "milestones": plan.counter_rho,
        },
        "model": {
            "model_name": "Central",
            "actors": "residents contribute; one process with its own database role counts and adds noise; the public",
            "release_type": "Many releases" if len(plan.windows) > 1 else "One release",
            "release_dates": [window.release.isoformat() for window in plan.windows],
            "data_source_type": "Dynamic",
            "access_type": "Non-interactive",
        },
        "accounting": {
            "composition": "the ρ of tables add up; windows count different contributions",
            "post_processing": "threshold, least squares between tables, rounding, intervals: from noisy numbers only",
        },
        "implementation": {
            "mechanisms": "discrete Gaussian, OpenDP make_gaussian",
            "sigma": {table["code"]: table["sigma"] for table in document["tables"]},
            "sigma_of_sums": sums,
            "pre_processing": "each row is coarsened and clamped by the plan before it is sealed",
            "justification": f"sensitivity “{plan.sensitivity}”: ρ at most 0.05 if sensitive, 0.2 standard, 0.5 low",
        },
    }


def _answer_nist(plan: Plan, document: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return answers under the headings of the pyramid and the hazards of NIST SP 800-226 (2025)."""
    spent = budget.compute_spending(plan)
    tables = ", ".join(f"{one['code']} ±{round(1.96 * one['sigma'], 1)}" for one in document["tables"]) or "none"
    pairs = [
        (
            "Privacy parameter",
            f"ρ = {spent['rho']:g}; ε = {spent['epsilon']} at δ = {spent['delta']}: tables, a look at the number of"
            " contributions in each window, milestones.",
        ),
        (
            "Unit of privacy",
            f"One {plan.unit}, for the whole consultation: one contribution, counted in one window"
            f"{DWELLING if plan.unit == 'dwelling' else ''}.",
        ),
        ("Utility", f"95 % interval beside each figure. Half-width of a count before rounding: {tables}."),
        ("Mechanism", "Discrete Gaussian noise on integers, from the system's secure random numbers."),
        ("Bounding of contributions", "At most a fixed number of cells each; measures clamped to public bounds."),
        (
            "Keys and groups",
            "Cells are fixed by the plan before collection; empty cells get noise as well.",
        ),
        ("Bias", f"{SAMPLE} Hidden cells are more often those of small groups."),
        ("Trust model", "Central: the city's portal. Contributions are sealed to a key that one process can use."),
        (
            "Composition over releases",
            "No figure is published again; in a year ρ is at most 1 a resident.",
        ),
        ("Security and side channels", "No duration is published. Raw vectors are held in memory only."),
        ("Access", "Neither the city's staff nor its web servers read a contribution."),
        (
            "Collection",
            f"Coarsened, then sealed. Destroyed once counted, within {plan.retention_months} months.",
        ),
        ("Verification", "ρ, ε, noise, thresholds and rounding can be recomputed: manage.py verify_results."),
    ]
    return [{"heading": heading, "answer": answer} for heading, answer in pairs]
