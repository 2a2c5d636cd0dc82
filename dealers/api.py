"""Signing in to the API: OAuth2's password form, a fresh access token, and who one is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib.auth import authenticate
from django.contrib.auth.models import update_last_login
from django.core.exceptions import ObjectDoesNotExist
from django.urls import URLPattern, re_path
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import exceptions, parsers, permissions, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle, ScopedRateThrottle
from rest_framework_simplejwt.exceptions import InvalidToken, TokenError
from rest_framework_simplejwt.serializers import TokenRefreshSerializer
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.tokens import RefreshToken

from config.backoffice.api import BackofficeView
from dealers.models import Dealership, User


class Credentials(serializers.Serializer):
    grant_type = serializers.ChoiceField(choices=["password"], required=False)
    username = serializers.CharField(help_text="The e-mail address.")
    password = serializers.CharField(trim_whitespace=False, style={"input_type": "password"})


class RefreshRequest(serializers.Serializer):
    grant_type = serializers.ChoiceField(choices=["refresh_token"], required=False)
    refresh_token = serializers.CharField()


class AccessToken(serializers.Serializer):
    access_token = serializers.CharField(help_text="Send it as “Authorization: Bearer …”.")
    token_type = serializers.CharField(help_text="bearer")
    expires_in = serializers.IntegerField(help_text="Seconds.")


class TokenPair(AccessToken):
    refresh_token = serializers.CharField(help_text="Brings the next access token.")


class DealershipSerializer(serializers.ModelSerializer):
    class Meta:
        model = Dealership
        fields = ("code", "name", "time_zone", "currency")


class Me(serializers.ModelSerializer):
    dealerships = serializers.SerializerMethodField()

    class Meta:
        model = User
        fields = ("id", "email", "name", "is_staff", "is_superuser", "dealerships")

    @extend_schema_field(DealershipSerializer(many=True))
    def get_dealerships(self, user: User) -> list[dict[str, Any]]:
        return list(DealershipSerializer(Dealership.objects.visible_to(user), many=True).data)


def access_token(token: Any) -> dict[str, Any]:
    seconds = int(api_settings.ACCESS_TOKEN_LIFETIME.total_seconds())
    return {"access_token": str(token), "token_type": "bearer", "expires_in": seconds}


class SignIn(BackofficeView):
    """Open to everyone, and for that slow to whoever tries often."""

    authentication_classes = ()
    permission_classes = (permissions.AllowAny,)
    parser_classes = (parsers.FormParser, parsers.MultiPartParser, parsers.JSONParser)
    throttle_classes: Sequence[type[BaseThrottle]] = (ScopedRateThrottle,)
    throttle_scope = "login"

    def get_authenticate_header(self, request: Request) -> str:
        """Without it a refusal would be a 403."""
        return 'Bearer realm="api"'


class LoginView(SignIn):
    """Exchange an e-mail address and a password for tokens."""

    @extend_schema(request=Credentials, responses=TokenPair, operation_id="auth_login", auth=[])
    def post(self, request: Request) -> Response:
        form = Credentials(data=request.data)
        form.is_valid(raise_exception=True)
        user = authenticate(request, username=form.validated_data["username"], password=form.validated_data["password"])
        if not isinstance(user, User):
            raise exceptions.AuthenticationFailed(_("The e-mail address or the password is wrong."), "invalid_grant")
        update_last_login(User, user)
        refresh = RefreshToken.for_user(user)
        return Response({**access_token(refresh.access_token), "refresh_token": str(refresh)})


class RefreshView(SignIn):
    """Exchange a refresh token for a new access token."""

    throttle_classes = ()

    @extend_schema(request=RefreshRequest, responses=AccessToken, operation_id="auth_refresh", auth=[])
    def post(self, request: Request) -> Response:
        form = RefreshRequest(data=request.data)
        form.is_valid(raise_exception=True)
        inner = TokenRefreshSerializer(data={"refresh": form.validated_data["refresh_token"]})
        try:
            inner.is_valid(raise_exception=True)
        except (TokenError, ObjectDoesNotExist):
            raise InvalidToken(_("The refresh token is invalid or has expired; sign in again."))
        return Response(access_token(inner.validated_data["access"]))


class MeView(BackofficeView):
    """Who is signed in, and the dealerships they may see."""

    @extend_schema(responses=Me, operation_id="auth_me")
    def get(self, request: Request) -> Response:
        return Response(Me(request.user).data)


def both(name: str, view: type[BackofficeView]) -> URLPattern:
    """An address with or without its last slash, as OAuth2 clients differ."""
    return re_path(rf"^auth/{name}/?$", view.as_view(), name=f"auth-{name}")


urlpatterns = [both("login", LoginView), both("refresh", RefreshView), both("me", MeView)]
