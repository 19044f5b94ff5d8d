"""Pages of consultations: the public register and sheets, the plans that agents write."""

from django.urls import path

from campaigns.plans.views import agents, public

app_name = "plans"
urlpatterns = [
    path("consultations/", public.register, name="register"),
    path("consultations/registre.csv", public.register_csv, name="register_csv"),
    path("consultations/<slug:code>/fiche/", public.sheet_page, name="sheet"),
    path("consultations/<slug:code>/fiche.json", public.sheet_json, name="sheet_json"),
    path("consultations/<slug:code>/plan.json", public.plan_json, name="plan_json"),
    path("agents/consultations/", agents.inbox, name="inbox"),
    path("agents/consultations/nouvelle/", agents.begin, name="begin"),
    path("agents/consultations/<slug:code>/", agents.plan, name="plan"),
    path("agents/consultations/<slug:code>/apercu/", agents.preview, name="preview"),
    path("agents/consultations/<slug:code>/question/", agents.edit_question, name="edit_question"),
    path("agents/consultations/<slug:code>/reponses/", agents.edit_answers, name="edit_answers"),
    path("agents/consultations/<slug:code>/zones/", agents.edit_zones, name="edit_zones"),
    path("agents/consultations/<slug:code>/tableaux/", agents.edit_tables, name="edit_tables"),
    path("agents/consultations/<slug:code>/dates/", agents.edit_dates, name="edit_dates"),
    path("agents/consultations/<slug:code>/organisme/", agents.edit_holder, name="edit_holder"),
    path("agents/consultations/<slug:code>/groupe/", agents.edit_group, name="edit_group"),
    path("agents/consultations/<slug:code>/soumettre/", agents.submit, name="submit"),
    path("agents/consultations/<slug:code>/avis/", agents.opinion, name="opinion"),
    path("agents/consultations/<slug:code>/decider/", agents.decide, name="decide"),
    path("agents/consultations/<slug:code>/abandonner/", agents.drop, name="drop"),
]
