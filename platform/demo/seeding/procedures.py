"""Agathe and Hugo renew the town's canteen procedure: it names its form and the office that receives its requests."""

from typing import Final

from accounts.models import Organisation
from demo.people.accounts import find
from demo.seeding import official_forms
from services.official_forms.models import OfficialForm
from services.procedures.actions import procedures as actions
from services.procedures.models import Procedure
from services.versions.actions import versions

CODE: Final = "inscription-cantine"


def name_form_and_office(office: Organisation) -> None:
    """Publish the next version of the shipped procedure, once. What agents did with it since stays so."""
    author, second = find("agathe"), find("hugo")
    row = Procedure.objects.published().filter(code=CODE, shipped=True).first()
    form = OfficialForm.objects.published().filter(title=official_forms.CANTEEN.title).first()
    if author is None or second is None or row is None or form is None:
        return
    by = author.account()
    if Procedure.objects.filter(code=CODE, shipped=False).exists():
        return
    draft = versions.renew(row=row, by=by, begin=actions.begin)
    draft = actions.change(row=draft, by=by, seen=draft.changes, rules_={"form": form.code}, office=office)
    versions.publish(row=versions.try_out(row=draft, by=by), by=second.account())
