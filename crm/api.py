"""Endpoints of customers beside those of their resource."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from drf_spectacular.utils import OpenApiParameter, extend_schema, inline_serializer
from rest_framework import exceptions, serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from config.backoffice.form_bodies import body_of
from config.backoffice.schema import NOT_BLANK
from crm import privacy, services
from crm.deleted import DELETE, DELETED
from crm.forms import EraseForm
from crm.resources import CUSTOMERS, ERASE, EXPORT, REVEAL
from dealers.api_resources import refused, row_serializer, viewset_of

ASKED = ("phone", "email", "name", "identity_number")
ACTS = {"reveal": REVEAL, "export": EXPORT, "erase": ERASE, "restore": DELETE}
TEXT: dict[str, Any] = {"type": "string", "pattern": NOT_BLANK, "maxLength": 254}
NO_STORE = {"Cache-Control": "no-store"}
Base: Any = viewset_of(CUSTOMERS)


class DuplicateSerializer(serializers.Serializer):
    """A customer who may be the one that is being written down, and what is the same."""

    id = serializers.IntegerField(source="customer.pk")
    name = serializers.CharField(source="customer.name")
    dealer = serializers.CharField(source="customer.dealership.code", help_text="Dealer code.")
    because = serializers.ListField(child=serializers.ChoiceField(choices=ASKED))


class CustomerViewSet(Base):
    """Customers."""

    acts_with = {**Base.acts_with, **ACTS}

    @extend_schema(
        parameters=[OpenApiParameter(name, TEXT) for name in (*ASKED, "dealer")],
        responses=DuplicateSerializer(many=True),
        filters=False,
    )
    @action(detail=False, pagination_class=None, filter_backends=[])
    def duplicates(self, request: Request) -> Response:
        """Customers with the same number, e-mail, name or identity number."""
        asked = request.query_params
        unknown = {name: ["There is no such parameter."] for name in asked if name not in (*ASKED, "dealer")}
        wrong = {name: ["Write a value, or leave the parameter out."] for name in asked if not usable(asked[name])}
        if unknown or wrong:
            raise exceptions.ValidationError({**wrong, **unknown})
        rows = CUSTOMERS.rows(request.user)
        if "dealer" in asked:
            rows = rows.filter(dealership__code=asked["dealer"])
        given: dict[str, Any] = {name: asked[name] for name in ASKED if name in asked}
        found = services.duplicates(rows, **given)
        return Response(DuplicateSerializer(found, many=True).data, headers=NO_STORE)

    @extend_schema(
        request=None,
        responses=inline_serializer("IdentityNumber", {"identity_number": serializers.CharField()}),
    )
    @action(detail=True, methods=["post"])
    def reveal(self, request: Request, pk: str) -> Response:
        """The whole identity number; the audit knows who read it."""
        with transaction.atomic():
            number = services.reveal(self.locked(), by=request.user)
        return Response({"identity_number": number}, headers=NO_STORE)

    @extend_schema(
        request=None,
        responses=inline_serializer(
            "PersonalData",
            {name: serializers.JSONField() for name in ("customer", "merged", "rows", "versions")},
        ),
    )
    @action(detail=True, methods=["post"])
    def export(self, request: Request, pk: str) -> Response:
        """Everything about a person."""
        with transaction.atomic():
            return Response(privacy.export(self.locked(), by=request.user), headers=NO_STORE)

    @extend_schema(request=None, responses=row_serializer(CUSTOMERS))
    @action(detail=True, methods=["post"])
    def restore(self, request: Request, pk: str) -> Response:
        """Bring a deleted customer back."""
        row = DELETED.rows(request.user).filter(pk=pk).first()
        if row is None:
            raise exceptions.NotFound
        try:
            services.restore(row, by=request.user)
        except ValidationError as error:
            raise refused(error)
        return self.told(row)

    @extend_schema(request=body_of(EraseForm), responses={204: None})
    @action(detail=True, methods=["post"])
    def erase(self, request: Request, pk: str) -> Response:
        """Erase all that tells who this is. Nobody can take that back."""
        with transaction.atomic():
            row = self.locked()
            given = self.checked(EraseForm)
            privacy.erase(row, reason=given["reason"], by=request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)


def usable(text: str) -> bool:
    return bool(text.strip()) and "\0" not in text and len(text) <= 254
