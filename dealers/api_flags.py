"""What is switched on where a request works, for programs that show or leave out what belongs to it."""

from __future__ import annotations

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from config.backoffice.api import BackofficeView
from dealers import flags


class FlagsSerializer(serializers.Serializer):
    dealership = serializers.IntegerField(
        allow_null=True, help_text="Where: the one chosen, or the only one. Null: the whole installation."
    )
    on = serializers.ListField(
        child=serializers.ChoiceField(choices=sorted(flags.FLAGS)), help_text="Features; what is not named is off."
    )


class FlagsView(BackofficeView):
    """The features that are on for the caller's dealership."""

    @extend_schema(responses=FlagsSerializer, operation_id="flags")
    def get(self, request: Request) -> Response:
        found = {"dealership": flags.dealership_of(request), "on": sorted(flags.on(request))}
        return Response(FlagsSerializer(found).data)


urlpatterns = [path("flags/", FlagsView.as_view(), name="flags")]
