"""Addresses of the deal desk beside those of its resources, and of customers' links."""

from django.urls import path

from sales import views, views_files

urlpatterns = [
    path("deals/scenarios/<int:pk>/save/", views.SaveScenario.as_view(), name="scenario-save"),
    path("deals/scenarios/<int:pk>/calculate/", views.Calculate.as_view(), name="scenario-calculate"),
    path("deals/scenarios/<int:pk>/roll/", views.Roll.as_view(), name="scenario-roll"),
    path("deals/scenarios/<int:pk>/choose/", views.ChooseScenario.as_view(), name="scenario-choose"),
    path("deals/scenarios/<int:pk>/remove/", views.RemoveScenario.as_view(), name="scenario-remove"),
    path("deals/deposits/<int:pk>/remove/", views.RemoveDeposit.as_view(), name="deposit-remove"),
    path("deals/documents/<int:pk>/", views.DocumentFile.as_view(), name="document-file"),
    path("deals/documents/<int:pk>/link/", views.MakeLink.as_view(), name="document-link"),
    path("deals/<int:pk>/files/", views_files.Files.as_view(), name="deal-files"),
    path("deals/files/<int:pk>/", views_files.FileContent.as_view(), name="deal-file"),
    path("deals/files/<int:pk>/remove/", views_files.RemoveFile.as_view(), name="deal-file-remove"),
    path("deals/links/<int:pk>/revoke/", views.RevokeLink.as_view(), name="link-revoke"),
    path("offers/<str:token>/", views.offer, name="offer"),
    path("offers/<str:token>/offer.pdf", views.offer_pdf, name="offer-pdf"),
]
