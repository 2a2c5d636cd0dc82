"""Addresses of leads, and of what is made of them: board, day, appointments."""

from django.urls import path

from crm.day import DayPage
from crm.from_notes import NotesPage
from crm.lead_resources import ABSENCES, APPOINTMENTS, LEADS
from crm.pipeline import MovePage, PipelinePage

urlpatterns = [
    path("pipeline/", PipelinePage.as_view(resource=LEADS), name="pipeline"),
    path("pipeline/<int:pk>/move/", MovePage.as_view(resource=LEADS), name="pipeline-move"),
    path("leads/today/", DayPage.as_view(resource=LEADS), name="leads-today"),
    path("leads/from-notes/", NotesPage.as_view(resource=LEADS), name="leads-from-notes"),
    *(each for resource in (LEADS, APPOINTMENTS, ABSENCES) for each in resource.urls),
]
