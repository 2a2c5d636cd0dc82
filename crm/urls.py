"""Addresses of customers and what is known of them, of leads and what is made of them: board, day, appointments."""

from django.urls import path

from crm import views
from crm.day import DayPage
from crm.deleted import DELETED
from crm.from_notes import NotesPage
from crm.lead_resources import ABSENCES, APPOINTMENTS, LEADS
from crm.pipeline import MovePage, PipelinePage
from crm.resources import CUSTOMERS, PARTS
from crm.resources_parts import ALL

OF_ONE = {
    "timeline": views.Timeline,
    "reveal": views.Reveal,
    "export": views.Export,
    "erase": views.ErasePage,
    "merge-with": views.MergePage,
}

urlpatterns = [
    path("customers/duplicates/", views.Duplicates.as_view(resource=CUSTOMERS), name="customers-duplicates"),
    *(
        path(f"customers/<int:pk>/{name}/", view.as_view(resource=CUSTOMERS), name=f"customers-{name}")
        for name, view in OF_ONE.items()
    ),
    *(
        path(
            f"customers/<int:pk>/add-{part}/",
            views.PartPage.as_view(resource=CUSTOMERS, part=part),
            name=f"customers-add-{part}",
        )
        for part in PARTS
    ),
    *DELETED.urls,
    path("pipeline/", PipelinePage.as_view(resource=LEADS), name="pipeline"),
    path("pipeline/<int:pk>/move/", MovePage.as_view(resource=LEADS), name="pipeline-move"),
    path("leads/today/", DayPage.as_view(resource=LEADS), name="leads-today"),
    path("leads/from-notes/", NotesPage.as_view(resource=LEADS), name="leads-from-notes"),
    *(each for resource in (*ALL, LEADS, APPOINTMENTS, ABSENCES) for each in resource.urls),
]
