"""The child's own refusals, in sentences, and its limits. French msgids, translated by the page that shows them."""

from typing import Final

MAX_PAGES: Final = 20
MAX_WIDGETS: Final = 600


def gettext_noop(sentence: str) -> str:
    """Mark a sentence for translators. Django's own function reads the settings, which the child lacks."""
    return sentence


SENTENCES: Final = {
    "form_pages": gettext_noop("Ce PDF a plus de 20 pages, ou aucune : un formulaire officiel en a 20 au plus."),
    "form_turned": gettext_noop("Une page de ce PDF est tournée. Enregistrez-le à l’endroit, puis recommencez."),
    "form_widgets": gettext_noop("Ce PDF a plus de 600 champs : nous ne savons pas le remplir."),
    "form_no_field": gettext_noop("Une case à cocher du plan n’existe pas dans ce PDF."),
    "encrypted": gettext_noop("Ce PDF est protégé ou chiffré. Demandez à l’organisme un formulaire sans protection."),
}
REFUSALS: Final = tuple(SENTENCES)
