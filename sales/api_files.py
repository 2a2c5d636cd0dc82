"""Files of deals in the API."""

from __future__ import annotations

from typing import Any

import django_filters
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions, mixins, serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.parsers import JSONParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from config.backoffice.api import BackofficeView
from config.backoffice.filters import AnyNumberOf, AnyOf, StrictFilterBackend
from dealers.access import Access, needed
from dealers.api_resources import refused
from sales import files
from sales.models import Deal, DealFile
from sales.views_files import as_download

SEE, CHANGE = "sales.deal:view", "sales.deal:change"


class DealFileSerializer(serializers.ModelSerializer):
    """A file of a deal. Only one that is clean, or not scanned where nothing is, can be fetched."""

    dealer = serializers.CharField(source="dealership.code", read_only=True)

    class Meta:
        model = DealFile
        fields = (
            *("id", "dealer", "deal", "kind", "name", "content_type", "size", "sha256"),
            *("state", "finding", "added_at", "scanned_at"),
        )
        read_only_fields = fields


class FileRequest(serializers.Serializer):
    """A PDF, DOCX or XLSX, or a photo."""

    deal = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    file = serializers.FileField()
    kind = serializers.ChoiceField(choices=DealFile.Kind.choices, default=DealFile.Kind.OTHER)


class DealFileFilters(django_filters.FilterSet):
    dealer = AnyOf(field_name="dealership__code", label=_("dealer code"))
    deal = AnyNumberOf(field_name="deal", label=_("id of the deal"))
    state = django_filters.MultipleChoiceFilter(choices=DealFile.State.choices, distinct=False, label=_("state"))

    class Meta:
        model = DealFile
        fields = ()


class DealFileViewSet(
    BackofficeView,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.DestroyModelMixin,
    viewsets.GenericViewSet,
):
    """Files of deals."""

    queryset = DealFile.objects.none()
    serializer_class = DealFileSerializer
    permission_classes = [Access]
    filter_backends = [StrictFilterBackend]
    filterset_class = DealFileFilters
    ordering_fields = ["id"]
    lookup_value_regex = r"\d+"
    acts_with = {"list": SEE, "retrieve": SEE, "content": SEE, "create": CHANGE, "destroy": CHANGE}

    def get_queryset(self) -> QuerySet[Any]:
        rows: Any = DealFile.objects.visible_to(self.request.user, needed(self)).select_related("dealership", "deal")
        return rows if self.action == "content" else rows.without_content()

    def get_parsers(self) -> list[Any]:
        return [MultiPartParser()] if getattr(self, "action_map", {}).get("post") == "create" else [JSONParser()]

    @extend_schema(request={"multipart/form-data": FileRequest}, responses={201: DealFileSerializer})
    def create(self, request: Request) -> Response:
        """Add a file to a deal."""
        asked = FileRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        given = asked.validated_data
        deal = Deal.objects.visible_to(request.user, needed(self)).filter(pk=given["deal"]).first()
        if deal is None:
            raise exceptions.ValidationError({"deal": [_("There is no such deal.")]})
        sent = given["file"]
        try:
            made = files.add(deal, sent.read(files.MOST_BYTES + 1), sent.name, kind=given["kind"], by=request.user)
        except ValidationError as error:
            raise exceptions.ValidationError({"file": error.messages})
        return Response(self.get_serializer(made).data, status.HTTP_201_CREATED)

    def perform_destroy(self, instance: DealFile) -> None:
        try:
            files.remove(instance, by=self.request.user)
        except ValidationError as error:
            raise refused(error)

    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    @action(detail=True, methods=["get"])
    def content(self, request: Request, pk: str) -> HttpResponse:
        """The file itself."""
        file = self.get_object()
        if not file.is_open:
            raise Http404
        return as_download(file)
