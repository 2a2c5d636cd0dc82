from django.urls import path

from ingestion.dashboard import views

urlpatterns = [
    path("", views.dashboard, name="home"),
    path("dashboard/customise/", views.customise, name="dashboard-customise"),
    path("dashboard/widgets/<slug:name>/", views.widget, name="dashboard-widget"),
]
