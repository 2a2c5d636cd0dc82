"""Endpoint of a vehicle's photos: sent as files, put in order, chosen, removed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import django_filters
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions, mixins, serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.parsers import JSONParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from config.backoffice.api import BackofficeView
from config.backoffice.bodies import Whole
from config.backoffice.filters import AnyNumberOf, AnyOf, StrictFilterBackend
from dealers.access import Access, needed
from dealers.api_resources import WRITES, refused
from inventory import photos, pictures
from inventory.models import Vehicle, VehicleImage


class PictureSerializer(serializers.Serializer):
    width = serializers.IntegerField()
    height = serializers.IntegerField()
    address = serializers.URLField()


class VehicleImageSerializer(serializers.ModelSerializer):
    dealer = serializers.CharField(source="dealership.code", read_only=True, help_text="Dealer code.")
    pictures = serializers.SerializerMethodField(help_text="WebP, the smallest first; for who may see the vehicle.")

    class Meta:
        model = VehicleImage
        fields = (
            *("id", "dealer", "vehicle", "kind", "position", "is_primary", "width", "height", "size", "created_at"),
            "pictures",
        )
        read_only_fields = [name for name in fields if name != "kind"]

    def get_pictures(self, image: VehicleImage) -> list[dict[str, Any]]:
        request = self.context["request"]
        return [
            {
                "width": width,
                "height": image.scaled_height(width),
                "address": reverse("photo", args=[image.pk, width], request=request),
            }
            for width in image.widths
        ]


class PhotoRequest(serializers.Serializer):
    """A photo as a file: JPEG, PNG or WebP, up to 15 MB."""

    vehicle = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    photo = serializers.FileField()
    kind = serializers.ChoiceField(choices=VehicleImage.Kind.choices, default=VehicleImage.Kind.EXTERIOR)


class KindRequest(serializers.Serializer):
    kind = serializers.ChoiceField(choices=VehicleImage.Kind.choices)


class OrderRequest(serializers.Serializer):
    places = Whole(min_value=-photos.MOST, max_value=photos.MOST, help_text="Earlier if negative.")


class VehicleImageFilters(django_filters.FilterSet):
    dealer = AnyOf(field_name="dealership__code", label=_("dealer code"))
    vehicle = AnyNumberOf(field_name="vehicle", label=_("id of the vehicle"))

    class Meta:
        model = VehicleImage
        fields = ()


class VehicleImageViewSet(
    BackofficeView,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.DestroyModelMixin,
    viewsets.GenericViewSet,
):
    """Photos of vehicles."""

    queryset = VehicleImage.objects.none()
    serializer_class = VehicleImageSerializer
    permission_classes = [Access]
    filter_backends = [StrictFilterBackend]
    filterset_class = VehicleImageFilters
    ordering_fields = ["id", "position"]
    lookup_value_regex = r"\d+"
    http_method_names = ["get", "head", "options", "post", "patch", "delete"]
    acts_with = {
        name: f"inventory.vehicleimage:{verb}"
        for name, verb in {**WRITES, "primary": "change", "move": "change"}.items()
    }

    def get_queryset(self) -> QuerySet[Any]:
        rows = VehicleImage.objects.visible_to(self.request.user, needed(self))
        return rows.select_related("dealership", "vehicle__dealership")

    def get_parsers(self) -> list[Any]:
        return [MultiPartParser()] if getattr(self, "action_map", {}).get("post") == "create" else [JSONParser()]

    @extend_schema(request={"multipart/form-data": PhotoRequest}, responses={201: VehicleImageSerializer})
    def create(self, request: Request) -> Response:
        """Add a photo to a vehicle."""
        asked = PhotoRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        given = asked.validated_data
        vehicle = Vehicle.objects.visible_to(request.user, needed(self)).filter(pk=given["vehicle"]).first()
        if vehicle is None:
            raise exceptions.ValidationError({"vehicle": [_("There is no such vehicle.")]})
        try:
            data = given["photo"].read(pictures.MOST_BYTES + 1)
            image = photos.add(vehicle, data, kind=given["kind"], by=request.user)
        except ValidationError as error:
            raise exceptions.ValidationError({"photo": error.messages})
        return Response(self.get_serializer(image).data, status.HTTP_201_CREATED)

    @extend_schema(request=KindRequest, responses=VehicleImageSerializer)
    def partial_update(self, request: Request, *args: Any, **options: Any) -> Response:
        """Say what it shows."""
        asked = KindRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        return self.changed(photos.classify, asked.validated_data["kind"])

    def changed(self, change: Callable[..., None], *given: Any) -> Response:
        """The photo after it was changed by a verb."""
        self.carry_out(change, self.get_object(), *given)
        return Response(self.get_serializer(self.get_object()).data)

    def carry_out(self, change: Callable[..., None], image: VehicleImage, *given: Any) -> None:
        try:
            change(image, *given, by=self.request.user)
        except ValidationError as error:
            raise refused(error)

    def perform_destroy(self, instance: VehicleImage) -> None:
        self.carry_out(photos.remove, instance)

    @extend_schema(request=None, responses=VehicleImageSerializer)
    @action(detail=True, methods=["post"])
    def primary(self, request: Request, pk: str) -> Response:
        """Make it the vehicle's main photo."""
        return self.changed(photos.make_primary)

    @extend_schema(request=OrderRequest, responses=VehicleImageSerializer)
    @action(detail=True, methods=["post"])
    def move(self, request: Request, pk: str) -> Response:
        """Move it by some places."""
        asked = OrderRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        return self.changed(photos.move, asked.validated_data["places"])
