from django.urls import path, re_path

from ingestion.dashboard import views
from ingestion.dashboard.widgets import WIDGETS

urlpatterns = [
    path("", views.dashboard, name="home"),
    path("dashboard/customise/", views.customise, name="dashboard-customise"),
    re_path(rf"^dashboard/widgets/(?P<name>{'|'.join(WIDGETS)})/$", views.widget, name="dashboard-widget"),
]
