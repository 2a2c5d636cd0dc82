from django.urls import path

from crm import views
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
    *(each for resource in ALL for each in resource.urls),
]
