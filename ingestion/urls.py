from django.urls import path

from ingestion import pages, views
from ingestion.dashboard.urls import urlpatterns as dashboard
from ingestion.operations.urls import urlpatterns as operations
from ingestion.resources import RECORDS

urlpatterns = [
    *dashboard,
    path("metrics", views.metrics, name="metrics"),
    path("records/", pages.records, name="records"),
    path("passport/", pages.passport_page, name="passport"),
    *operations,
    *(each for resource in RECORDS.values() for each in resource.urls),
]
