from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

SENTENCES = {
    "watch_found": _("Votre veille a trouvé un changement dans vos droits."),
    "watch_told": _("Votre veille a relu ce qu’elle a trouvé, pour savoir s’il faut vous écrire."),
    "watch_opened": _("Vous avez regardé ce que votre veille a trouvé."),
    "watch_answered": _("Vous avez dit si vous aviez demandé une aide que votre veille a trouvée."),
    "search_refused": _("Vous refusez que la ville cherche vos droits d’elle-même."),
    "search_allowed": _("Vous ne refusez plus que la ville cherche vos droits d’elle-même."),
}


class WatchConfig(AppConfig):
    name = "services.watch"
    label = "watch"
    verbose_name = _("Veille")

    def ready(self) -> None:
        from core import leaving as registry
        from core.operations import health
        from core.telemetry import counters
        from services.watch import across, agreements, home, leaving, recipient  # noqa: F401 - home registers itself
        from services.watch.actions import noting
        from services.watch.enums import CITY_KIND, QUEUE
        from vault.journal import sentences
        from vault.records import changes
        from vault.records.grants import agreements as known
        from vault.records.grants import recipients

        known.register(agreements.AGREEMENT)
        recipients.register(
            recipients.RecipientKind(CITY_KIND, _("le programme de la ville"), recipient.never_again, counted=False)
        )
        counters.leave_unnamed(self.label)
        changes.listen(noting.note_change)
        health.register_queue(QUEUE, needed=across.is_any)
        for event, sentence in SENTENCES.items():
            sentences.register(event, sentence)
        registry.register(leaving.APP)
