"""The API's one router, and its description."""

from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

import crm.lead_api
import dealers.api
import dealers.api_events
import dealers.api_exports
import dealers.api_flags
import dealers.api_tokens
import ingestion.api
import inventory.api
import inventory.api_imports
import sales.api
import sales.api_files
from config.backoffice.api import Router
from crm.api import CustomerViewSet
from crm.lead_resources import ABSENCES, APPOINTMENTS, LEADS
from crm.resources_parts import ADDRESSES, ATTRIBUTES, CONSENTS, CONTACT_POINTS, MERGES, NOTES, OWNERSHIPS
from dealers.api_resources import viewset_of
from dealers.resources import HOLIDAYS
from ingestion.operations.adoptions import ADOPTIONS
from inventory.feed_resources import FEEDS
from inventory.resources import VEHICLES
from inventory.resources_preparation import CARRYING_RATES, PLANNED_STEPS, PREPARATION
from sales.resources import CATALOGUE, REGISTRATIONS, TAX_RATES

router = Router()
router.register("events", dealers.api_events.EventViewSet, "event")
router.register("holidays", viewset_of(HOLIDAYS), "holiday")
router.register("vehicles", viewset_of(VEHICLES), "vehicle")
router.register("vehicle-images", inventory.api.VehicleImageViewSet, "vehicle-image")
router.register("preparation-steps", viewset_of(PREPARATION), "preparation-step")
router.register("planned-steps", viewset_of(PLANNED_STEPS), "planned-step")
router.register("carrying-rates", viewset_of(CARRYING_RATES), "carrying-rate")
router.register("vehicle-imports", inventory.api_imports.VehicleImportViewSet, "vehicle-import")
router.register("vehicle-feeds", viewset_of(FEEDS), "vehicle-feed")
router.register("dgi/adoptions", viewset_of(ADOPTIONS), "adoption")
router.register("leads", viewset_of(LEADS), "lead")
router.register("appointments", viewset_of(APPOINTMENTS), "appointment")
router.register("absences", viewset_of(ABSENCES), "absence")
router.register("deals", sales.api.DealViewSet, "deal")
router.register("deal-files", sales.api_files.DealFileViewSet, "deal-file")
router.register("registrations", viewset_of(REGISTRATIONS), "registration")
router.register("tax-rates", viewset_of(TAX_RATES), "tax-rate")
router.register("catalogue", viewset_of(CATALOGUE), "catalogue-item")
router.register("customers", CustomerViewSet, "customer")
router.register("contact-points", viewset_of(CONTACT_POINTS), "contact-point")
router.register("addresses", viewset_of(ADDRESSES), "address")
router.register("notes", viewset_of(NOTES), "note")
router.register("attributes", viewset_of(ATTRIBUTES), "attribute")
router.register("ownerships", viewset_of(OWNERSHIPS), "ownership")
router.register("consents", viewset_of(CONSENTS), "consent")
router.register("merges", viewset_of(MERGES), "merge")
router.register("exports", dealers.api_exports.ExportViewSet, "export")
router.register("service-tokens", dealers.api_tokens.ServiceTokenViewSet, "service-token")
ingestion.api.register(router)

OF_NO_MODEL = [
    *dealers.api.urlpatterns,
    *dealers.api_flags.urlpatterns,
    *crm.lead_api.urlpatterns,
    *ingestion.api.urlpatterns,
    *sales.api.urlpatterns,
]
urlpatterns = [
    path("v1/", include([*OF_NO_MODEL, *router.urls])),
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("docs/", SpectacularSwaggerSplitView.as_view(http_method_names=["get", "head"]), name="swagger-ui"),
]
