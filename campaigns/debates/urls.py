"""Debates and votes: public pages, what residents write and cast, what agents decide."""

from django.urls import path

from campaigns.debates.views import agents, desk, groups, public, residents, voting

app_name = "debates"
_DEBATE, _VOTE = "consultations/<slug:code>/debat/", "consultations/<slug:code>/vote/"
_GROUP = "consultations/<slug:code>/groupe/"
urlpatterns = [
    path(_DEBATE, public.debate, name="debate"),
    path(f"{_DEBATE}proposer/", residents.propose, name="propose"),
    path(f"{_DEBATE}<uuid:post_id>/", public.proposal, name="proposal"),
    path(f"{_DEBATE}<uuid:post_id>/argument/", residents.argue, name="argue"),
    path(f"{_DEBATE}<uuid:post_id>/contester/", residents.appeal, name="appeal"),
    path(_VOTE, residents.vote, name="vote"),
    path(f"{_VOTE}bulletin/", residents.ballot, name="ballot"),
    path(f"{_VOTE}resultat/", public.result, name="result"),
    path(f"{_VOTE}resultat.json", public.result_file, name="result_file"),
    path(_GROUP, groups.group, name="group"),
    path(f"{_GROUP}bulletin/", groups.group_ballot, name="group_ballot"),
    path(f"{_GROUP}resultat.json", groups.group_result, name="group_result"),
    path("agents/consultations/<slug:code>/invitations/", groups.invitations, name="invitations"),
    path("agents/identites/", desk.identity, name="prove_identity"),
    path(f"agents/{_DEBATE}", agents.posts, name="posts"),
    path(f"agents/{_DEBATE}<uuid:post_id>/ecarter/", agents.set_aside, name="set_aside"),
    path(f"agents/{_DEBATE}<uuid:post_id>/contestation/", agents.decide_appeal, name="decide_appeal"),
    path(f"agents/{_VOTE}", voting.vote, name="agents_vote"),
    path(f"agents/{_VOTE}proposer/", voting.propose, name="propose_vote"),
    path(f"agents/{_VOTE}decider/", voting.decide, name="decide_vote"),
    path(f"agents/{_VOTE}papier/numero/", desk.slip, name="paper_slip"),
    path(f"agents/{_VOTE}papier/", desk.paper, name="paper_ballot"),
]
