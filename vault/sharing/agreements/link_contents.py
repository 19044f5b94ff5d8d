"""The text of each value, paper and document of a link, as stored with its agreement."""

from collections.abc import Sequence

from django.utils.translation import ngettext

from core.templatetags.civic import nbsp, size
from vault.records.grants.agreements import Agreement
from vault.records.values.decrypted import PaperOpened, Values
from vault.records.wording import label_value_pairs
from vault.sharing.agreements.links import DOCUMENT, PAPER, Held


def shown(agreement: Agreement, held: Held) -> dict[str, str]:
    """Return the current text of each item, for the snapshot of the agreement's page."""
    papers = {f"{PAPER}{paper.paper_id}": paper_size(paper) for paper in held.papers}
    papers |= {f"{DOCUMENT}{one.id}": size_text(one.pages, one.size) for one in held.documents}
    return {item.code: papers.get(item.code) or values_text(held.values, item.fields) for item in agreement.items}


def values_text(values: Values, fields: Sequence[str], newest: int | None = None) -> str:
    codes = list(dict.fromkeys(field.partition("#")[0] for field in fields))
    records = [record for code in codes for record in reversed(values.of_type(code))]
    texts = [
        value
        for record in records[:newest]
        for _label, value in label_value_pairs(record.type, record.payload, fields)
    ]
    return "\u00a0; ".join(texts)


def paper_size(paper: PaperOpened) -> str:
    return size_text(sum(file.pages for file in paper.files), sum(file.size for file in paper.files))


def size_text(pages: int, octets: int) -> str:
    text = ngettext("%(count)s page", "%(count)s pages", pages) % {"count": pages}
    return nbsp(f"{text}, {size(octets)}" if pages else size(octets))
