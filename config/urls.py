"""Every address of Forecourt."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import include, path
from django.utils.translation import gettext_lazy as _

import config.api
import crm.urls
import dealers.urls
import dealers.urls_exports
import ingestion.urls
import inventory.urls
import sales.urls
from config import finding, health, pwa, reports, ui_kit
from dealers.resources import HOLIDAYS
from sales.resources import CATALOGUE, DEALS, REGISTRATIONS, TAX_RATES

admin.site.site_header = admin.site.site_title = "Forecourt"
admin.site.index_title = _("Back office")
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]  # there is one sign-in

RESOURCES = (HOLIDAYS, DEALS, REGISTRATIONS, TAX_RATES, CATALOGUE)

urlpatterns = [
    path("", include(ingestion.urls)),
    path("", include(inventory.urls)),
    path("", include(dealers.urls)),
    path("", include(dealers.urls_exports)),
    path("", include(crm.urls)),
    path("", include(sales.urls)),
    *(each for resource in RESOURCES for each in resource.urls),
    path("admin/", admin.site.urls),
    path("api/", include(config.api)),
    path("search/", finding.search, name="search"),
    path("menu/", finding.whole_menu, name="menu"),
    path("manifest.webmanifest", pwa.manifest, name="manifest"),
    path("sw.js", pwa.service_worker, name="service_worker"),
    path("offline/", pwa.offline, name="offline"),
    path("ui-kit/", ui_kit.ui_kit, name="ui_kit"),
    path("livez", health.livez, name="livez"),
    path("readyz", health.readyz, name="readyz"),
    path("csp-report", reports.csp_report, name="csp-report"),
]

handler404 = "config.backoffice.errors.page_not_found"
handler500 = "config.backoffice.errors.server_error"
