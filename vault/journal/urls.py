from django.urls import path

from vault.journal.views import journal

app_name = "journal"
urlpatterns = [
    path("journal/", journal.home, name="journal"),
    path("journal/verifier/", journal.check, name="check_journal"),
    path("journal/copie/", journal.copy, name="copy_journal"),
    path("journal/alertes/", journal.alerts, name="alerts"),
    path("journal/<uuid:entry_id>/", journal.entry, name="journal_line"),
    path("journal/<uuid:entry_id>/contester/", journal.contest, name="contest"),
    path("journal/<uuid:entry_id>/contester/retirer/", journal.withdraw_contest, name="withdraw_contest"),
]
