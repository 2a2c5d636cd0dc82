"""The endpoint of the audit: who did what, for those who may read it."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers, viewsets

from config.backoffice.api import BackofficeView
from config.backoffice.filters import AnyOf, StrictFilterBackend
from dealers.models import Event


class EventSerializer(serializers.ModelSerializer):
    dealer = serializers.CharField(
        source="dealership.code", read_only=True, allow_null=True, help_text="Dealer code; null: of no dealership."
    )
    user = serializers.IntegerField(source="user_id", read_only=True, allow_null=True)
    acting_as = serializers.IntegerField(
        source="acting_as_id", read_only=True, allow_null=True, help_text="Whom support stood in for."
    )

    class Meta:
        model = Event
        fields = read_only_fields = (
            *("id", "at", "verb", "user", "acting_as", "who", "dealer", "object_type", "object_id", "object_text"),
            *("changes", "reason", "address", "request_id"),
        )


class EventFilters(django_filters.FilterSet):
    dealer = AnyOf(field_name="dealership__code", label=_("dealer code"))
    verb = AnyOf(field_name="verb", label=_("what was done, such as membership.changed"))
    object_type = AnyOf(field_name="object_type", label=_("kind of object"))
    object_id = AnyOf(field_name="object_id", label=_("id of the object"))
    request_id = AnyOf(field_name="request_id", label=_("id of the request"))

    class Meta:
        model = Event
        fields = ()


class EventViewSet(BackofficeView, viewsets.ReadOnlyModelViewSet):
    """The audit: what people and programs did, the newest first; nobody changes it."""

    queryset = Event.objects.none()
    serializer_class = EventSerializer
    filter_backends = [StrictFilterBackend]
    filterset_class = EventFilters
    ordering = "-at"

    def get_queryset(self) -> QuerySet[Any]:
        return Event.objects.visible_to(self.request.user).select_related("dealership")
