"""Answer an interview by the texts of its questions, as a person who reads the page would."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import time_machine

from services.aids.facts import answers
from services.aids.forms import AnswerForm
from services.aids.interview import chain
from services.aids.interview.chain import VISITOR, Chain, follow
from services.aids.interview.state import Interview
from vault.records.values.decrypted import Values

STARTED = "2025-11-20T10:00:00+01:00"
CITY = "17300"
STORIES: Mapping[str, Any] = json.loads((Path(__file__).parent / "stories.json").read_text(encoding="utf-8"))


def blank(**changes: Any) -> Interview:
    return Interview(started=STARTED, **changes)


def replay(interview: Interview, commune: str = CITY) -> Chain:
    return follow(interview, Values(), VISITOR, commune)


def plain(text: str) -> str:
    """Return a question's text with the spaces of a keyboard."""
    return text.replace("\u00a0", " ")


def posted(text: str) -> dict[str, str]:
    """Return the fields of a form: three for a date written “12 4 1993”."""
    parts = text.split(" ")
    if len(parts) == 3 and all(part.isdigit() for part in parts):
        return dict(zip(("answer_day", "answer_month", "answer_year"), parts, strict=True))
    return {"answer": text}


def whom(text: str, found: Chain) -> str:
    """Turn “@enfant 1” into the value of that person's button."""
    household = found.household
    people = {"@moi": household.applicant, "@conjoint": household.partner}
    people |= {f"@enfant {rank}": child for rank, child in enumerate(household.children, 1)}
    person = people.get(text)
    return person.id if person else text


def give(interview: Interview, name: str, text: str, commune: str = CITY, found: Chain | None = None) -> None:
    """Answer one question through its form. `found` is the interview so far, if it was replayed already."""
    found = found or replay(interview, commune)
    asked = found.find(name)
    assert asked is not None, name
    question, read = asked
    form = AnswerForm(
        posted(whom(text, found)),
        way=answers.WAYS[question.key],
        field_id=question.field,
        label=question.text,
        hint="",
        offered=answers.choices(question, read),
    )
    with time_machine.travel(STARTED, tick=False):
        assert form.is_valid(), (question.text, text, form.errors)
    interview.answer(name, chain.as_json(form.cleaned_data["answer"]))


def tell(story: Mapping[str, str], commune: str = CITY) -> tuple[Interview, Chain, int]:
    """Answer each question by its text, “je ne sais pas” where the story has none. Return the number of answers."""
    interview, count = blank(), 0
    while (name := (found := replay(interview, commune)).next) != "":
        text = plain(dict(found.waiting)[name].text)
        if text in story:
            give(interview, name, story[text], commune, found)
        else:
            interview.answer(name, None)
        count += 1
    return interview, found, count


@cache
def told(case: str) -> tuple[Interview, Chain, int]:
    """Tell a story of the samples, for tests that change nothing of it."""
    return tell(STORIES[case]["answers"], STORIES[case]["commune"])


SINGLE = STORIES["06"]["answers"]
COUPLE = {
    "Quelle est votre date de naissance ?": "4 4 1984",
    "Vivez-vous en couple ?": "yes",
    "Quelle est la date de naissance de votre conjoint ?": "5 5 1985",
    "Combien d’enfants avez-vous à charge ?": "2",
    "Quelle est la date de naissance de votre enfant n° 1 ?": "2 2 2021",
    "Quelle est la date de naissance de votre enfant n° 2 ?": "2 2 2016",
    "Quelle est votre activité aujourd’hui ?": "actif",
    "Quels sont vos revenus nets par mois ?": "1500",
    "Quelle est l’activité de votre conjoint ?": "actif",
    "Quels sont les revenus nets de votre conjoint par mois ?": "900",
    "Comment êtes-vous logé ?": "locataire_hlm",
    "Quel est votre loyer ?": "520",
    "Depuis quand gagnez-vous à peu près cela chaque mois ?": "longtemps",
    "Depuis quand votre conjoint gagne-t-il à peu près cela chaque mois ?": "longtemps",
    "Quelle est votre nationalité ?": "FR",
    "Quelle est la nationalité de votre conjoint ?": "FR",
    "La MDPH a-t-elle reconnu un handicap à quelqu’un chez vous ?": "personne",
    "Quels étaient les revenus de votre foyer en 2023 ?": "24000",
    "Attendez-vous un enfant, vous ou votre conjoint ?": "no",
}
