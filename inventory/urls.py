from django.urls import path

from inventory import views
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
]
