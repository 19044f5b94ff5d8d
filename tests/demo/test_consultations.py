"""The town's consultations: a map that is a zoning, contributors whose rows the plan allows."""

import random
from collections import Counter

from campaigns.noise.plan import Plan
from campaigns.noise.rows import pack
from demo.seeding import consultations


def test_the_town_s_map_and_days_make_a_plan_whose_invented_rows_are_within_its_bounds():
    document = consultations.planned("trajets", "Vos trajets", "Your trips", consultations.PAST, "Villebrume")
    plan = Plan.from_json(document)
    assert plan.zoning is not None and len(plan.zoning.leaves) == 9
    rows = list(consultations.rows(plan, 900, random.Random(1)))
    assert len({len(pack(plan, row)) for row in rows}) == 1
    walks = Counter(row["sector"] for row in rows if row["mode"] == 1)
    assert walks[1] > walks[0] + walks[2], "the centre walks"


def test_the_contributors_of_each_publication_are_enough_for_its_minimum():
    plan = Plan.from_json(
        consultations.planned("trajets", "Vos trajets", "Your trips", consultations.PAST, "Villebrume")
    )
    assert len(plan.windows) == len(consultations.CONTRIBUTORS)
    assert min(consultations.CONTRIBUTORS) > 2 * plan.minimum
