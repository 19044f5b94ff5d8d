"""Formulas of the law that openfisca-france 176.1.8 has not, or has otherwise: one class each, with its article.

A class keeps the published formula and changes what the article says, so that what else the engine corrects is kept.
`services.aids.differences` lists them for readers. Imported with the engine only.
"""

from services.aids.engine.corrected import disability, family, health, housing, minima, school

CLASSES = (
    *minima.CLASSES,
    *disability.CLASSES,
    *health.CLASSES,
    *family.CLASSES,
    *housing.CLASSES,
    *school.CLASSES,
)
