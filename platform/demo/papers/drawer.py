"""The papers kept by a fictional resident, made when needed, and the tax notice that Nadia brings."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from demo.papers import specimens
from demo.people import vaults
from demo.people.events import Calendar
from demo.people.vaults import Story

#: Each resident keeps an identity card and bank details; this one also keeps what a dossier needs.
FULL = "nadia"


@dataclass(frozen=True)
class Kept:
    kind: str
    name: str
    content: bytes
    media_type: str = "application/pdf"
    issued_on: date | None = None
    expires_on: date | None = None


def drawer(slug: str, today: date) -> Iterator[Kept]:
    story = vaults.stories(today)[slug]
    yield _card(story, today)
    yield Kept(
        "rib",
        "rib.pdf",
        specimens.bank_details(person=_holder(story), home=_home(story), account=f"{len(slug)}{ord(slug[0])}"),
    )
    if slug == FULL:
        yield from _wages(story, today)
        yield _rent(story, today)


def tax_notice(slug: str, today: date) -> bytes:
    """Return the notice on last year's income, published last August.

    Before August, return one dated yesterday.
    """
    story = vaults.stories(today)[slug]
    values = vaults.notice(story, today, years_back=1)
    return specimens.tax_notice(
        declarants=[_holder(story)],
        home=_home(story),
        income_year=values["annee_revenus"],
        income=values["revenu_fiscal_reference"],
        parts=Decimal(str(values["nombre_parts"])),
        issued_on=min(date(today.year, 8, 4), today - timedelta(days=1)),
        dependants=sum(member.role == "child" for member in story.members),
        situation="Divorcée",
        reference=f"{today.year % 100}42A0000012345"[:13],
    )


def _card(story: Story, today: date) -> Kept:
    expires = date(today.year + 4, 5, 1)
    sex = "F" if story.gender == "female" else "M"
    content = specimens.identity_card(person=_holder(story), birthdate=story.birth, sex=sex, expires_on=expires)
    return Kept("cni", "carte-identite.jpg", content, "image/jpeg", expires_on=expires)


def _wages(story: Story, today: date) -> Iterator[Kept]:
    for month in Calendar(today).months(3, 1):
        first = date.fromisoformat(f"{month}-01")
        content = specimens.payslip(
            person=_holder(story),
            home=_home(story),
            employer="Ateliers du Lavoir",
            month=first,
            gross=Decimal(1513),
            net=Decimal(1180),
            net_social=Decimal(1180),
            taxable=Decimal(1224),
            hours=Decimal(121),
        )
        yield Kept("bulletin_salaire", f"bulletin-{month}.pdf", content, issued_on=first.replace(day=28))


def _rent(story: Story, today: date) -> Kept:
    month = date.fromisoformat(Calendar(today).months(1, 1)[0] + "-01")
    rent, charges = Decimal(story.housing["loyer"]), Decimal(story.housing["charges"])
    content = specimens.rent_receipt(
        person=_holder(story),
        home=_home(story),
        landlord="Villebrume Habitat",
        month=month,
        rent=rent,
        charges=charges,
    )
    return Kept("quittance_loyer", "quittance.pdf", content, issued_on=month.replace(day=5))


def _holder(story: Story) -> specimens.Holder:
    return specimens.Holder(story.family_name, story.given_name, "Mme" if story.gender == "female" else "M.")


def _home(story: Story) -> specimens.Home:
    return specimens.Home(story.street)
