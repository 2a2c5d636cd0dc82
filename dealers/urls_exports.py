"""Addresses of exports, and of how a person looks at lists."""

from django.urls import path, register_converter
from django.urls.converters import StringConverter

from dealers import views_exports as views


class Resource(StringConverter):
    """The name of a list."""

    regex = r"[\w.-]{1,100}"


register_converter(Resource, "resource")

urlpatterns = [
    path("exports/", views.exports_page, name="exports"),
    path("exports/rows/", views.export_rows, name="export_rows"),
    path("exports/<uuid:pk>/download/", views.export_download, name="export_download"),
    path("exports/<uuid:pk>/cancel/", views.export_cancel, name="export_cancel"),
    path("views/", views.view_save, name="view_save"),
    path("views/<int:view>/rename/", views.view_rename, name="view_rename"),
    path("views/<int:view>/delete/", views.view_delete, name="view_delete"),
    path("views/<int:view>/default/", views.view_default, name="view_default"),
    path("preferences/<resource:resource>/", views.list_preference, name="list_preference"),
]
