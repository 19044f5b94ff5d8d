"""How long a page may be, in CSS pixels, for the fictional Nadia's vault. Without a limit of its own: `USUAL`."""

from typing import NamedTuple


class Limit(NamedTuple):
    wide: int
    narrow: int


USUAL = Limit(3_000, 4_600)
#: By the URL's name. The limits of the vault, of a link's choice and of the home page are the goals of their pages.
LIMITS = {
    "promise": Limit(3_250, 5_100),
    "home": Limit(1_700, 2_900),
    "records:home": Limit(2_400, 3_600),
    "records:add_paper": Limit(1_250, 1_800),
    "records:confirm_paper": Limit(2_100, 3_600),
    "sharing:make_link": Limit(1_600, 3_200),
    "sharing:accompanied_values": Limit(1_800, 2_400),
    "aids:home": Limit(3_300, 5_000),
    "aids:why": Limit(3_000, 4_500),
    "records:of_type": Limit(2_600, 3_600),
    "records:choose_type": Limit(1_900, 3_000),
    "records:paper": Limit(2_600, 3_800),
    "holders:holders": Limit(2_100, 3_300),
    "procedures:listed": Limit(2_000, 2_700),
}
#: The page of aids of somebody who has a notice and nothing else.
NEWCOMER = Limit(1_600, 2_700)
SCROLL_HEIGHT = "document.documentElement.scrollHeight"
