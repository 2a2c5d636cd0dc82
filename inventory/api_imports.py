"""Endpoint of imports of vehicles: a file is sent, its columns are chosen, its rows looked at and stored."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions, serializers, status
from rest_framework.decorators import action
from rest_framework.parsers import JSONParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from config.backoffice.bodies import Text
from config.backoffice.errors import ConflictError
from config.backoffice.exports import FORMATS
from config.backoffice.sheets_read import MOST_BYTES, MOST_COLUMNS
from dealers import once
from dealers.api_resources import IDEMPOTENCY_KEY, key_of, refused, viewset_of
from dealers.models import Dealership
from inventory import importing
from inventory.import_columns import ATTRIBUTES
from inventory.import_resources import IMPORTS, OUTCOMES
from inventory.import_rows import ADD
from inventory.models import VehicleImport
from inventory.views_imports import refused_file

Base: Any = viewset_of(IMPORTS)
FILE = {(200, kind.partition(";")[0]): OpenApiTypes.BINARY for kind in FORMATS.values()}


class VehicleFileRequest(serializers.Serializer):
    """A file of vehicles, CSV or XLSX: up to 5,000 rows and 5 MB."""

    dealership = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    file = serializers.FileField()


class ImportColumnsRequest(serializers.Serializer):
    columns = serializers.ListField(
        child=Text(allow_blank=True, max_length=40),
        max_length=MOST_COLUMNS,
        help_text=f"What each column holds, blank for one that is left out: {', '.join(ATTRIBUTES)}.",
    )


class RowOutcomeSerializer(serializers.Serializer):
    """What comes, or came, of a row of the file."""

    row = serializers.IntegerField(help_text="As a spreadsheet numbers it.")
    outcome = serializers.ChoiceField(choices=list(OUTCOMES))
    vehicle = serializers.IntegerField(source="vehicle_id", allow_null=True)
    problems = serializers.ListField(
        child=serializers.ListField(child=serializers.CharField(allow_blank=True)),
        help_text="The column's header, and what is wrong.",
    )


class VehicleImportViewSet(Base):
    """Imports of vehicles."""

    acts_with = {**Base.acts_with, "create": ADD, "columns": ADD}
    http_method_names = ["get", "head", "options", "post"]

    def get_parsers(self) -> list[Any]:
        return [MultiPartParser()] if getattr(self, "action_map", {}).get("post") == "create" else [JSONParser()]

    @extend_schema(
        request={"multipart/form-data": VehicleFileRequest},
        responses={201: Base.serializer_class, 200: Base.serializer_class},
        parameters=[IDEMPOTENCY_KEY],
    )
    def create(self, request: Request, *args: Any, **options: Any) -> Response:
        """Send a file. What its columns hold is proposed; nothing of it is stored yet."""
        asked = VehicleFileRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        key = key_of(request)
        places = Dealership.objects.visible_to(request.user, ADD)
        dealership = places.filter(pk=asked.validated_data["dealership"]).first()
        if dealership is None:
            raise exceptions.ValidationError({"dealership": [_("There is no such dealership.")]})
        file = asked.validated_data["file"]
        data = file.read(MOST_BYTES + 1)
        try:
            if (made := importing.received_before(request.user, key, dealership, data)) is not None:
                return self.told(made)
            with transaction.atomic():
                made = importing.receive(dealership, file.name, data, by=request.user, key=key)
        except once.KeyTaken as error:
            raise ConflictError(" ".join(error.messages), code="key_taken")
        except ValidationError as error:
            raise exceptions.ValidationError({"file": error.messages})
        where = reverse(f"{self.basename}-detail", args=[made.pk], request=request)
        return self.told(made, status.HTTP_201_CREATED, Location=where)

    def locked_import(self) -> VehicleImport:
        found: VehicleImport = self.locked()
        return found

    @extend_schema(request=ImportColumnsRequest, responses=Base.serializer_class)
    @action(detail=True, methods=["post"])
    def columns(self, request: Request, pk: str) -> Response:
        """Say what each column holds, and have the rows looked at."""
        asked = ImportColumnsRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        try:
            with transaction.atomic():
                row = self.locked_import()
                importing.choose_columns(row, asked.validated_data["columns"], by=request.user)
        except ValidationError as error:
            raise refused(error)
        except IntegrityError:
            raise ConflictError
        return self.told(row)

    @extend_schema(responses=RowOutcomeSerializer(many=True), filters=False)
    @action(detail=True, pagination_class=None, filterset_class=None, url_path="rows")
    def outcomes(self, request: Request, pk: str) -> Response:
        """What comes, or came, of each row; empty while nobody has looked at them."""
        return Response(RowOutcomeSerializer(self.get_object().outcomes, many=True).data)

    @extend_schema(responses=FILE)
    @action(detail=True)
    def refused(self, request: Request, pk: str) -> HttpResponse:
        """The rows with errors as they were sent, with the reason of each in a last column."""
        return refused_file(self.get_object())
