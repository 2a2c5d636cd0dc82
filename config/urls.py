"""Every address of Forecourt."""

from django.contrib import admin
from django.contrib.auth.forms import AuthenticationForm
from django.urls import include, path
from django.utils.translation import gettext_lazy as _

import config.api
import ingestion.urls
from config import health, reports

admin.site.site_header = admin.site.site_title = "Forecourt"
admin.site.index_title = _("Back office")
admin.site.login_form = AuthenticationForm  # the one sign-in: people who may not open the admin have pages outside it

urlpatterns = [
    path("", include(ingestion.urls)),
    path("admin/", admin.site.urls),
    path("api/", include(config.api)),
    path("livez", health.livez, name="livez"),
    path("readyz", health.readyz, name="readyz"),
    path("csp-report", reports.csp_report, name="csp-report"),
]

handler404 = "config.backoffice.errors.page_not_found"
handler500 = "config.backoffice.errors.server_error"
