from core import leaving
from core.leaving import Rows

ROWS = [
    Rows(
        "official_forms.OfficialForm",
        nobody="the city's own blanks and maps; what a resident fills is in their dossier",
    )
]
APP = leaving.App("official_forms", ROWS, level=39)
