from django.urls import path

from inventory import views, views_feeds, views_imports
from inventory.feed_resources import FEEDS
from inventory.import_resources import IMPORTS
from inventory.resources import VEHICLES
from inventory.resources_preparation import CARRYING_RATES, PLANNED_STEPS, PREPARATION

urlpatterns = [
    *VEHICLES.urls,
    *PREPARATION.urls,
    *PLANNED_STEPS.urls,
    *CARRYING_RATES.urls,
    path("inventory/<int:pk>/photos/", views.vehicle_photos, name="vehicle-photos"),
    path("inventory/<int:pk>/photos/order/", views.photo_order, name="vehicle-photos-order"),
    path("inventory/photos/<int:pk>/", views.photo_change, name="photo-change"),
    path("inventory/photos/<int:pk>/<int:width>.webp", views.photo, name="photo"),
    path("inventory/imports/new/", views_imports.ReceiveImport.as_view(), name="vehicle-imports-new"),
    *IMPORTS.urls,
    path("inventory/imports/<int:pk>/columns/", views_imports.ChooseColumns.as_view(), name="vehicle-imports-columns"),
    path("inventory/imports/<int:pk>/refused/", views_imports.RefusedRows.as_view(), name="vehicle-imports-refused"),
    *FEEDS.urls,
    path("feeds/vehicles/<str:token>.csv", views_feeds.feed_csv, name="vehicle-feed-csv"),
    path("feeds/vehicles/<str:token>.json", views_feeds.feed_json, name="vehicle-feed-json"),
    path("feeds/photos/<str:token>/<int:width>.webp", views_feeds.feed_photo, name="feed-photo"),
]
