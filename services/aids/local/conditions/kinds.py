"""What a kind of condition declares, what a fact declares, and the four answers."""

import operator
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from datetime import date
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.utils.translation import gettext_lazy

from services.aids.household import Household, Person

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    Words = str | _StrPromise

Rule = Mapping[str, Any]
#: Values of one person and their household, by the names of facts. An unknown fact is None, or has no entry.
Facts = Mapping[str, Any]

YES: Final = "ok"
NO: Final = "no"
MISSING: Final = "missing"
MANUAL: Final = "manual"
COMPARE: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
}


class NoEqual(Exception):
    """A condition of a public file has no equal here."""


class Sort(Enum):
    """What a fact's value is."""

    FLAG = auto()
    LIST = auto()
    WHOLE = auto()
    NUMBER = auto()
    MONEY = auto()
    CODE = auto()
    AGES = auto()
    DAY = auto()


class Whose(Enum):
    """Whom a value belongs to, or a question is about: the applicant, each person, each adult."""

    APPLICANT = auto()
    PERSON = auto()
    ADULT = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What facts are read from. `facts` has the household's facts, for those of a person."""

    household: Household
    person: Person
    commune: str
    quotient: float | None
    postcode: str | None
    facts: Facts


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The question to a resident whose vault does not give a fact. It is asked only if the answer changes an aid."""

    key: str
    #: The vault's field of the answer, and the value of a person that it fills, such as "city.scheme".
    vault_field: str
    value: str
    #: For a list: what an answer writes in the vault, and the value that it gives the person.
    choices: Mapping[str, str] = field(default_factory=dict)
    #: For a day: how many years ago. Each answer is one side of one of them.
    years: tuple[int, ...] = ()
    #: The question to the applicant, and the same about another person.
    mine: str
    theirs: str = ""
    whom: Whose = Whose.PERSON
    purpose: "Words" = gettext_lazy("Une aide de la ville, du département ou de la région en dépend.")
    #: Place among the questions about one person.
    rank: int = 100

    @property
    def sort(self) -> Sort:
        return Sort.LIST if self.choices else Sort.DAY if self.years else Sort.FLAG


@dataclass(frozen=True, slots=True)
class Fact:
    """A value that rules read. Cases state it, the vault gives it, a page explains it."""

    name: str
    sort: Sort
    _: KW_ONLY
    #: Empty for the label of its kind.
    label: "Words" = ""
    #: For a list: what a rule may name, each with its words, or without if the vault has some.
    values: "Mapping[str, Words]" = field(default_factory=dict)
    #: Read the value, once for a household or once for each person. None for a fact that no vault gives.
    read: Callable[[Known], Any] | None = None
    of_person: bool = False
    #: For a list: values that may still be true besides those read.
    undecided: Callable[[Known], Collection[str]] | None = None
    #: The household's value behind the fact, and whose it is if it is not the one of whom the fact is read.
    source: str = ""
    source_of: Whose | None = None
    #: The fact that this one only completes. Such a fact is in no case and on no page.
    beside: str = ""
    asked: Asked | None = None


Data = Mapping[str, Any]
#: Kinds of condition of Aides Jeunes: for each, a function of the condition and of what is known of its institution.
Public = Mapping[str, Callable[[Rule, Rule], dict[str, Any]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of condition: everything that the portal knows of it."""

    code: str
    label: "Words"
    #: What the kind reads, the fact that it tests first.
    facts: tuple[Fact, ...] = ()
    #: Evaluate a rule of an aid on a day: rule, facts, aid, day.
    answer: Callable[[Rule, Facts, Rule, date], str]
    #: Return a rule of an aid as a part of a sentence.
    text: Callable[[Rule, Rule], str]
    #: The form: its fields, the rule that it gives without the kind, the initial values of a rule.
    fields: Callable[[], Iterable[tuple[str, forms.Field]]]
    rule: Callable[[Data], dict[str, Any]]
    initial: Callable[[Rule], dict[str, Any]]
    #: Return the field and the sentence of what is wrong between the form's fields.
    wrong: Callable[[Data], tuple[str, str] | None] = lambda data: None
    #: Return the names of the facts that a rule of an aid reads; by default, the first one.
    reads: Callable[[Rule, Rule], list[str]] | None = None
    public: Public = field(default_factory=dict)
    #: What the JSON Schema of a condition asks of this kind alone.
    schema: Mapping[str, Any] = field(default_factory=dict)

    def facts_of(self, rule: Rule, aid: Rule) -> list[str]:
        return self.reads(rule, aid) if self.reads else [self.facts[0].name]


def answered(ok: bool) -> str:
    return YES if ok else NO


def inverse(answer: str) -> str:
    return {YES: NO, NO: YES}.get(answer, answer)


def compare(value: float | None, rule: Rule) -> str:
    if value is None:
        return MISSING
    if "op" in rule:
        return answered(COMPARE[rule["op"]](value, rule["value"]))
    return answered(
        (rule.get("min") is None or value >= rule["min"]) and (rule.get("max") is None or value <= rule["max"])
    )


def among(value: Any, rule: Rule) -> str:  # noqa: ANN401 - a fact: one value or a list
    if value is None:
        return MISSING
    listed = value if isinstance(value, list | tuple | set | frozenset) else [value]
    return answered(any(one in rule["values"] for one in listed))


def day_or(value: object, today: date) -> date:
    return date.fromisoformat(str(value)) if value else today


def count_children(ages: Iterable[int], span: Rule) -> int:
    """Return how many of these ages are within `age_min` and `age_max`, both included."""
    return sum(span.get("age_min", 0) <= age <= span.get("age_max", 200) for age in ages)
