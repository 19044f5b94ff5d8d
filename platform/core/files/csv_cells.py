"""Cells of CSV files, which people open in a spreadsheet."""

#: The first characters by which a spreadsheet takes a cell for a formula (OWASP, CSV injection).
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def harmless(cell: object) -> str:
    """Return a cell as text; an apostrophe goes before what a spreadsheet would run. A number stays one."""
    text = str(cell)
    return f"'{text}" if isinstance(cell, str) and text.startswith(FORMULA) else text
