"""The tasks that the scheduler sends to the workers, and how often."""

from typing import Any

FIVE_MINUTES, AN_HOUR = 300, 3_600


def _every(seconds: int, task: str, **options: str) -> dict[str, Any]:
    """Return an entry of the schedule.

    A tick that waited past the next one expires, so that a worker that was stopped finds one and not a thousand.
    """
    return {"task": task, "schedule": float(seconds), "options": {"expires": seconds, **options}}


SCHEDULE: dict[str, dict[str, Any]] = {
    "sweep": _every(15, "core.tasks.sweep"),
    "seal": _every(60, "core.tasks.seal"),
    "purge_sessions": _every(AN_HOUR, "accounts.tasks.purge_sessions"),
    # Connections that pull every month, or continue where they stopped.
    "pull_due": _every(FIVE_MINUTES, "vault.holders.tasks.pull_due", queue="documents"),
    # Lots of holders whose message was lost; those of more than thirty days.
    "write_lots": _every(60, "vault.holders.tasks.write_lots", queue="documents"),
    "purge_lots": _every(AN_HOUR, "vault.holders.tasks.purge_lots"),
    # Deadlines of requests, ends of papers and of grants: they are days, so an hourly run is enough.
    "notify_overdue_requests": _every(AN_HOUR, "vault.holders.tasks.notify_overdue_requests"),
    "notify_expiring_papers": _every(AN_HOUR, "vault.records.tasks.notify_expiring_papers"),
    "send_grant_reminders": _every(AN_HOUR, "vault.sharing.tasks.send_grant_reminders"),
    "notify_journal_purge": _every(AN_HOUR, "vault.journal.tasks.notify_journal_purge"),
    "text_codes": _every(15, "vault.sharing.tasks.text_codes"),
    "send_alerts": _every(FIVE_MINUTES, "vault.journal.tasks.send_alerts"),
    "notify_resets": _every(FIVE_MINUTES, "accounts.tasks.notify_resets"),
    "notify_decisions": _every(FIVE_MINUTES, "accounts.tasks.notify_decisions"),
    "notify_requests": _every(FIVE_MINUTES, "vault.sharing.tasks.notify_requests"),
    "notify_labels": _every(FIVE_MINUTES, "certification.labels.tasks.notify"),
    # A grant is inactive from its last second on. Within a minute, what its recipient kept is deleted and its end is
    # stored, so that a clock set back revives nothing.
    "close_expired_grants": _every(60, "vault.records.tasks.close_expired_grants"),
    # A service whose label was withdrawn reads nothing from that second on. Within a minute, its agreements are ended.
    "end_grants": _every(60, "certification.labels.tasks.end_grants"),
    # A copy of a whole vault is kept for a week; a vault whose closing was asked is erased on its date.
    "purge_exports": _every(AN_HOUR, "vault.records.tasks.purge_exports"),
    "close_due": _every(AN_HOUR, "accounts.tasks.close_due"),
    "clear_tokens": _every(AN_HOUR, "certification.access.tasks.clear_tokens"),
    # The charter's checks: runs whose message was lost, and each day those of labels in force.
    "delete_evidence": _every(AN_HOUR, "certification.labels.tasks.delete_evidence"),
    "send_checks": _every(15, "certification.labels.tasks.send_checks"),
    "ask_daily_checks": _every(AN_HOUR, "certification.labels.tasks.ask_daily_checks"),
    # Webhooks of services' programs: events to number, deliveries that are due, addresses that were stopped.
    "send_webhooks": _every(15, "certification.developers.tasks.send_due"),
    "purge_calls": _every(AN_HOUR, "certification.developers.tasks.purge"),
    # Campaigns: dates that came, and the worker of releases, woken only while there is a campaign.
    "follow_campaigns": _every(FIVE_MINUTES, "campaigns.contributions.tasks.follow"),
    # A vote closes at an hour: its ballots are counted within the minute.
    "follow_votes": _every(60, "campaigns.debates.tasks.follow"),
    "notify_authors": _every(FIVE_MINUTES, "campaigns.debates.tasks.notify_authors"),
    # A panel is drawn by the checkpoint that follows its minute.
    "follow_panels": _every(60, "campaigns.panel.tasks.follow"),
    # A consultation opens on the day of its plan.
    "open_consultations": _every(FIVE_MINUTES, "campaigns.plans.tasks.open_due"),
    # Requests to offices: clocks that run again, answers that did not come, rights that end soon.
    "follow_requests": _every(AN_HOUR, "services.requests.tasks.follow", queue="documents"),
    # The watch: its worker, woken only while somebody has it; what it found is told, and asked about a month later.
    "follow_watch": _every(60, "services.watch.tasks.follow"),
    "purge_findings": _every(AN_HOUR, "services.watch.tasks.purge"),
    # The official pages of local aids, each once a week.
    "look_at_links": _every(AN_HOUR, "services.aids.tasks.look_at_links"),
    # Procedures that close within a week, for those whose dossier is not sent: days, so an hourly run is enough.
    "warn_of_closing": _every(AN_HOUR, "services.dossiers.tasks.warn_of_closing", queue="documents"),
    # A dossier's page shows the date until which it is kept.
    "purge_dossiers": _every(AN_HOUR, "services.dossiers.tasks.purge", queue="documents"),
}
