"""A step of the tour: export everything to one file, import it into a new vault, then close that vault."""

from pathlib import Path

from accounts.actions import accounts as actions
from accounts.actions import closing
from core import leaving
from demo.tour.visitor import Unexpected, Visitor
from vault.records.actions import imports
from vault.records.copies import package


def leave_and_arrive(visitor: Visitor, folder: Path) -> str:
    """Export and import the vault of the signed-in resident, who has just confirmed their identity."""
    page = visitor.open("/coffre/emporter/")
    page = visitor.wait_for_job(visitor.submit(page, page.form()))
    file = visitor.open(next(iter(page.links("/copie.zip")), "/coffre/emporter/copie.zip"))
    if file.media_type != "application/zip":
        raise Unexpected(f"{file.path}: {file.media_type} instead of a ZIP")
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / "copie.zip"
    target.write_bytes(file.body)
    arrived = actions.register_resident(email="", name="La même, ailleurs")
    try:
        taken = imports.take_in(resident_id=arrived.pk, package=package.read(target))
    except package.Refused as reason:
        raise Unexpected(f"the copy was not taken in: {reason}") from None
    # FranceConnect has proved nobody's civil status in the new vault, so the values are declared there.
    if taken.unproved != imports.Unproved.OTHER_PERSON:
        raise Unexpected("the copy is not signed, or proves values in a vault of nobody's")
    closing.close(user=arrived, by=arrived.pk)
    if leaving.remains(resident_id=arrived.pk):
        raise Unexpected("something is left of a vault that was closed")
    size = f"{len(file.body) // 1024} kB"
    papers = f"{taken.papers} papers taken in elsewhere"
    return f"{size}, {taken.records} values, declared there, and {papers}, then that vault closed"
