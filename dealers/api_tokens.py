"""Endpoints of service tokens: listed, made, revoked."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions, serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from config.backoffice.api import BackofficeView
from config.backoffice.bodies import Text
from config.backoffice.filters import StrictFilterBackend
from dealers import service_tokens
from dealers.access import Access, needed
from dealers.models import Dealership, ServiceToken
from dealers.models.service_token import GRANTED
from dealers.permissions import may

SHOWN = (
    *("id", "dealer", "name", "permissions", "prefix", "created_by", "created_at", "expires_at"),
    *("revoked_at", "last_used_at"),
)


class ServiceTokenSerializer(serializers.ModelSerializer):
    dealer = serializers.CharField(source="dealership.code", read_only=True, help_text="Dealer code.")
    permissions = serializers.ListField(child=serializers.CharField(), read_only=True)
    created_by = serializers.CharField(read_only=True, allow_null=True, help_text="Null: an account that is gone.")

    class Meta:
        model = ServiceToken
        fields: tuple[str, ...] = SHOWN
        read_only_fields = SHOWN


class MadeServiceToken(ServiceTokenSerializer):
    token = serializers.CharField(source="secret", read_only=True, help_text="Shown now and never again.")

    class Meta(ServiceTokenSerializer.Meta):
        fields = (*SHOWN, "token")


class ServiceTokenRequest(serializers.Serializer):
    """A token for one dealership; it does what is named here, as long as its maker may do it."""

    dealer = Text(help_text="Dealer code.")
    name = Text(max_length=100, help_text="What it is for.")
    permissions = serializers.ListField(child=serializers.ChoiceField(choices=GRANTED), allow_empty=False)
    expires_at = serializers.DateTimeField(help_text="Within a year.")


class ServiceTokenViewSet(BackofficeView, viewsets.ReadOnlyModelViewSet):
    """Service tokens: what programs send as “Authorization: Bearer fct_…”."""

    queryset = ServiceToken.objects.none()
    serializer_class = ServiceTokenSerializer
    permission_classes = [Access]
    acts_with = "dealers.servicetoken:add"
    filter_backends = [StrictFilterBackend]
    ordering_fields = ["id", "created_at", "expires_at", "last_used_at"]
    lookup_value_regex = r"\d+"

    def get_queryset(self) -> QuerySet[ServiceToken]:
        rows = ServiceToken.objects.visible_to(self.request.user, needed(self))
        return rows.select_related("dealership", "created_by")

    @extend_schema(request=ServiceTokenRequest, responses={201: MadeServiceToken})
    def create(self, request: Request) -> Response:
        """Make one. Its text is in this answer and nowhere else."""
        asked = ServiceTokenRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        token = self.asked_for(**asked.validated_data)
        maker: Any = request.user  # a person: no service token can make another
        try:
            service_tokens.make(token, maker)
        except ValidationError as error:
            raise exceptions.ValidationError(error.message_dict)
        return Response(MadeServiceToken(token).data, status=status.HTTP_201_CREATED)

    def asked_for(self, dealer: str, **given: Any) -> ServiceToken:
        found = Dealership.objects.visible_to(self.request.user, self.acts_with).filter(code=dealer).first()
        if found is None:
            raise exceptions.NotFound(_("There is no dealership %(dealer)s.") % {"dealer": dealer})
        return ServiceToken(dealership=found, **given)

    @extend_schema(request=None, responses=ServiceTokenSerializer)
    @action(detail=True, methods=["post"])
    def revoke(self, request: Request, pk: str) -> Response:
        """It opens nothing from now on."""
        token = self.get_object()
        if not may(request.user, "dealers.servicetoken:delete", token.dealership_id):
            raise exceptions.PermissionDenied
        service_tokens.revoke([token])
        return Response(ServiceTokenSerializer(self.get_object()).data)
