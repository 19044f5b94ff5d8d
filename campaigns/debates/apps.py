from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

#: The sentences of the journal.
SENTENCES = {
    "post_written": _("Vous avez écrit dans le débat d’une consultation, sans votre nom."),
    "post_appealed": _("Vous avez contesté une décision de modération."),
    "identity_checked": _("Un agent a vérifié votre papier d’identité. Un second agent doit aussi le vérifier."),
    "identity_proven": _("Votre identité a été prouvée pour voter. Le portail n’en garde qu’une empreinte."),
    "ballot_cast": _("Vous avez voté. Le portail n’écrit nulle part votre choix, ni si vous votez de nouveau."),
}


class DebatesConfig(AppConfig):
    name = "campaigns.debates"
    verbose_name = _("Débats et votes")

    def ready(self) -> None:
        from accounts.sign_in import pivot
        from campaigns.debates import leaving
        from campaigns.debates.actions import group_votes, identities
        from campaigns.debates.backing_up import PART
        from campaigns.debates.presenting import ways as way
        from campaigns.plans import opening
        from campaigns.plans.presenting import ways
        from core import leaving as registry
        from core.operations import backups, key_rotation
        from vault.journal import sentences

        pivot.on_proof(identities.remember)
        ways.register("debates", way.to_debate)
        ways.register("votes", way.to_vote)
        ways.register("groups", way.to_group)
        ways.register("invitations", way.to_invitations, for_agents=True)
        ways.say(way.of_group)
        opening.register("groups", opening.Preparation(lambda: "", group_votes.prepare))
        ways.register("moderation", way.to_moderation, for_agents=True)
        for event, sentence in SENTENCES.items():
            sentences.register(event, sentence)
        for table in ("campaigns.ballot_arrival", "campaigns.ballot", "campaigns.paper_slip"):
            key_rotation.register_table(table)
        backups.register("debates", PART)
        registry.register(leaving.APP)
