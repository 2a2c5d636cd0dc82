"""Endpoints of exports: asked for, followed, fetched, cancelled; each person's own."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import HttpResponseBase
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions, serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from config.backoffice.api import BackofficeView
from config.backoffice.bodies import Text
from config.backoffice.errors import ConflictError
from config.backoffice.exports import FORMATS
from config.backoffice.filters import StrictFilterBackend
from dealers import exports
from dealers.access import Access
from dealers.exports import Asked
from dealers.models import Export
from dealers.models.export import LONGEST_QUERY, MOST_COLUMNS
from dealers.views_exports import handed_out

FILE = {(200, kind.partition(";")[0]): OpenApiTypes.BINARY for kind in FORMATS.values()}


class Over(exceptions.APIException):
    status_code = status.HTTP_410_GONE
    default_code = "expired"
    default_detail = gettext_lazy("The file has expired: it could be fetched for 24 hours.")


class ExportSerializer(serializers.ModelSerializer):
    resource = serializers.CharField(read_only=True, help_text="The list whose rows are in it.")
    rows_expected = serializers.IntegerField(read_only=True, allow_null=True, help_text="Null: nobody has counted.")

    class Meta:
        model = Export
        fields = read_only_fields = (
            *("id", "resource", "title", "query", "columns", "format", "state", "rows_done", "rows_expected"),
            *("error", "size", "made_at", "finished_at", "expires_at"),
        )


class ExportRequest(serializers.Serializer):
    """The rows of a list, as its page filters them."""

    resource = Text(max_length=100, help_text="The list.")
    query = Text(
        max_length=LONGEST_QUERY,
        required=False,
        allow_blank=True,
        help_text="Its filters, as in the address of its page: status=1&status=2.",
    )
    columns = serializers.ListField(
        child=Text(max_length=100), required=False, max_length=MOST_COLUMNS, help_text="None: the usual ones."
    )
    format = serializers.ChoiceField(choices=list(FORMATS), default="csv")


class ExportViewSet(BackofficeView, viewsets.ReadOnlyModelViewSet):
    """Files of a list's rows: made in the background, to be fetched for 24 hours by whoever asked for them."""

    queryset = Export.objects.none()
    serializer_class = ExportSerializer
    permission_classes = [Access]
    acts_with = exports.PERMISSION
    filter_backends = [StrictFilterBackend]
    ordering = "-made_at"

    def get_queryset(self) -> QuerySet[Any]:
        return Export.objects.of(self.request.user)

    @extend_schema(request=ExportRequest, responses={201: ExportSerializer})
    def create(self, request: Request) -> Response:
        """Have a file made, however many rows there are."""
        given = ExportRequest(data=request.data)
        given.is_valid(raise_exception=True)
        person: Any = request.user
        try:
            export = exports.queue(person, Asked(**given.validated_data), getattr(request, "dealership_id", None))
        except LookupError:
            raise exceptions.NotFound(_("There is no such list.")) from None
        except PermissionDenied as error:
            raise exceptions.PermissionDenied(str(error))
        except ValidationError as error:
            raise exceptions.ValidationError(getattr(error, "message_dict", None) or error.messages)
        return Response(ExportSerializer(export).data, status=status.HTTP_201_CREATED)

    @extend_schema(responses=FILE)
    @action(detail=True)
    def file(self, request: Request, pk: str) -> HttpResponseBase:
        """The file; 409 while there is none, 410 when it has expired."""
        try:
            return handed_out(exports.fetch(request.user, self.get_object()))
        except exports.Over:
            raise Over from None
        except exports.NotReady:
            raise ConflictError(_("There is no file of this export.")) from None
        except PermissionDenied as error:
            raise exceptions.PermissionDenied(str(error))

    @extend_schema(request=None, responses=ExportSerializer)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        """Make no more of it; one that is finished stays as it is."""
        export = self.get_object()
        exports.cancel(export)
        return Response(ExportSerializer(export).data)
