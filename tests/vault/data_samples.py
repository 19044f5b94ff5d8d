"""Fictional files of data, as a bank and a network give them."""

import json
from datetime import datetime, timedelta

HEADERS = "Date;Libellé;Débit;Crédit"
ROWS = [
    ("04/03/2026", "CARTE BOULANGERIE DES TANNERIES", "12,50", ""),
    ("04/03/2026", "CARTE BOULANGERIE DES TANNERIES", "12,50", ""),
    ("05/03/2026", "VIREMENT CAF", "", "301,00"),
    ("02/04/2026", "PRELEVEMENT LOYER", "612,00", ""),
    ("05/04/2026", "VIREMENT CAF", "", "301,00"),
]


def bank_table(rows=ROWS) -> bytes:
    return "\r\n".join([HEADERS, *(";".join(row) for row in rows)]).encode()


def load_curve(days=40, *, start=datetime(2026, 2, 1), watts=400) -> bytes:
    """Return an Enedis Data Connect answer: half-hours, each stamped with its end."""
    ends = [start + timedelta(minutes=30 * (place + 1)) for place in range(days * 48)]
    reading = {
        "usage_point_id": "14500000000001",
        "start": f"{start:%Y-%m-%d}",
        "end": f"{ends[-1]:%Y-%m-%d}",
        "quality": "BRUT",
        "reading_type": {"unit": "W", "measurement_kind": "power", "aggregate": "average", "flow_direction": "CONS"},
        "interval_reading": [
            {"value": str(watts), "date": f"{end:%Y-%m-%d %H:%M:%S}", "interval_length": "PT30M", "measure_type": "B"}
            for end in ends
        ],
    }
    return json.dumps({"meter_reading": reading}).encode()
