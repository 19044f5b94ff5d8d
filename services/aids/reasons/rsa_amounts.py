"""The flat amount of the RSA, as the engine computes it, also for a household without a right to it."""

from services.aids.reasons.common import MINIMA, Context

RSA = f"{MINIMA}.rsa"


def compute_rsa_floor(context: Context, children: int) -> float:
    """Return the flat amount for a household of this size, even without a right to the RSA (the engine then returns
    0). A child in alternating residence counts for half (Conseil d'État, 398911).
    """
    parents = _count_parents(context)
    shared = 0 if context.stock else sum(bool(child.shared_custody) for child in context.children)
    everybody, others = parents + children, parents + children - min(shared, children)
    return (_flat_amount(context, everybody, parents == 1) + _flat_amount(context, others, parents == 1)) / 2


def _flat_amount(context: Context, people: int, single: bool) -> float:
    rates = f"{RSA}.rsa_maj.maj_montant_max"
    second = context.parameter(f"{rates}.couples_celibataire_avec_enfant")
    third = context.parameter(f"{rates}.couple_1_enfant_ou_2e_enfant")
    more = context.parameter(f"{rates}.par_enfant_supplementaire")
    rate = (
        1
        + second * (people >= 2)
        + third * (people >= 3)
        + (more if single else third) * (people >= 4)
        + more * max(people - 4, 0)
    )
    return float(context.parameter(f"{RSA}.rsa_m.montant_de_base_du_rsa") * rate)


def _count_parents(context: Context) -> int:
    """Return how many parents the RSA counts: a spouse without the right to reside that it asks for is none."""
    parents = context.household.parents
    may = sum(bool(context.read("rsa_condition_nationalite", person=person)) for person in parents)
    return len(parents) if context.stock else may or len(parents)
