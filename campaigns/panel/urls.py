"""The panel: public pages of the draw and the opinions; what residents, associations and agents do."""

from django.urls import path

from campaigns.panel.views import agents, companions, public, residents

app_name = "panel"
urlpatterns = [
    path("panel/", public.home, name="home"),
    path("panel/<int:number>/tirage/", public.draw, name="draw"),
    path("panel/<int:number>/tirage.json", public.draw_file, name="draw_file"),
    path("panel/<int:number>/ma-place/", residents.own, name="own"),
    path("panel/avis/<int:number>/", public.referral, name="referral"),
    path("panel/avis/<int:number>/donner/", residents.opine, name="opine"),
    path("panel/associations/", companions.association, name="association"),
    path("panel/associations/<int:number>/", companions.opine, name="opine_for_association"),
    path("agents/panel/", agents.inbox, name="inbox"),
    path("agents/panel/annoncer/", agents.announce, name="announce"),
    path("agents/panel/<int:number>/associations/", agents.name_association, name="name_association"),
    path("agents/panel/saisir/", agents.refer, name="refer"),
    path("agents/panel/avis/<int:number>/repondre/", agents.answer, name="answer"),
]
