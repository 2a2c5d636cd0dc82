"""Signing in to the API: OAuth2's password form with a second factor, tokens that are good once, and who one is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from allauth.account.adapter import get_adapter
from django.contrib.auth.models import update_last_login
from django.core.exceptions import ValidationError
from django.urls import URLPattern, re_path
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import exceptions, parsers, permissions, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle, ScopedRateThrottle
from rest_framework_simplejwt.exceptions import InvalidToken, TokenError
from rest_framework_simplejwt.settings import api_settings

from config.backoffice.api import BackofficeView
from config.backoffice.bodies import Text
from config.backoffice.errors import ConflictError
from dealers import choice, events, factors, invitations, tokens
from dealers.models import Dealership, User
from dealers.permissions import roles_of
from dealers.roles import Role
from dealers.tenancy import acting


class Credentials(serializers.Serializer):
    grant_type = serializers.ChoiceField(choices=["password"], required=False)
    username = Text(help_text="The e-mail address.")
    password = Text(trim_whitespace=False, style={"input_type": "password"})
    otp = Text(required=False, help_text="The code of the second factor, of those who have one.")


class RefreshRequest(serializers.Serializer):
    grant_type = serializers.ChoiceField(choices=["refresh_token"], required=False)
    refresh_token = Text()


class LogoutRequest(serializers.Serializer):
    refresh_token = Text()


class JoinRequest(serializers.Serializer):
    token = Text(help_text="Of the invitation; it is the last part of the link in the mail.")
    name = Text(max_length=200)
    password = Text(trim_whitespace=False, style={"input_type": "password"})


class AccessToken(serializers.Serializer):
    access_token = serializers.CharField(help_text="Send it as “Authorization: Bearer …”.")
    token_type = serializers.CharField(help_text="bearer")
    expires_in = serializers.IntegerField(help_text="Seconds.")


class TokenPair(AccessToken):
    refresh_token = serializers.CharField(help_text="Good once: brings the next access token and refresh token.")


class DealershipSerializer(serializers.ModelSerializer):
    role = serializers.SerializerMethodField(help_text="The person's; null for a platform administrator without one.")

    class Meta:
        model = Dealership
        fields = ("id", "role", "code", "name", "time_zone", "currency")

    @extend_schema_field(serializers.ChoiceField(choices=Role.choices, allow_null=True))
    def get_role(self, dealership: Dealership) -> str | None:
        return self.context["roles"].get(dealership.pk)


class Me(serializers.ModelSerializer):
    dealerships = serializers.SerializerMethodField()

    class Meta:
        model = User
        fields = ("id", "email", "name", "is_staff", "is_superuser", "dealerships")

    @extend_schema_field(DealershipSerializer(many=True))
    def get_dealerships(self, user: User) -> list[dict[str, Any]]:
        """All of theirs, whichever the request works in."""
        with acting(choice.whole(user)):
            context = {"roles": roles_of(user)}
            return list(DealershipSerializer(choice.theirs(user), many=True, context=context).data)


def token_pair(refresh: tokens.Refresh) -> dict[str, Any]:
    seconds = int(api_settings.ACCESS_TOKEN_LIFETIME.total_seconds())
    access = {"access_token": str(refresh.access_token), "token_type": "bearer", "expires_in": seconds}
    return {**access, "refresh_token": str(refresh)}


def prove_second_factor(user: User, code: str) -> None:
    """Raises what the API answers to somebody who has, or needs, more than a password."""
    if factors.has_one(user):
        if not code:
            words = _("Send the code of your second factor as “otp” as well.")
            raise exceptions.AuthenticationFailed(words, "second_factor_required")
        if not factors.is_right(user, code):
            raise exceptions.AuthenticationFailed(_("The code of the second factor is wrong."), "second_factor_wrong")
    elif factors.needs_one(user):
        words = _("Your account needs a second factor: set one up on the web first.")
        raise exceptions.PermissionDenied(words, "second_factor_required")


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
    """Exchange an e-mail address, a password and, of those who have one, a code of the second factor for tokens."""

    @extend_schema(request=Credentials, responses=TokenPair, operation_id="auth_login", auth=[])
    def post(self, request: Request) -> Response:
        form = Credentials(data=request.data)
        form.is_valid(raise_exception=True)
        given = form.validated_data
        try:
            user = get_adapter().authenticate(request._request, email=given["username"], password=given["password"])
        except ValidationError:
            raise exceptions.Throttled
        if not isinstance(user, User):
            raise exceptions.AuthenticationFailed(_("The e-mail address or the password is wrong."), "invalid_grant")
        prove_second_factor(user, given.get("otp", ""))
        update_last_login(User, user)
        events.signed_in_to_api(user)
        return Response(token_pair(tokens.Refresh.for_user(user)))


class RefreshView(SignIn):
    """Exchange a refresh token for the next pair; one that comes twice ends all of its person's."""

    throttle_classes = ()

    @extend_schema(request=RefreshRequest, responses=TokenPair, operation_id="auth_refresh", auth=[])
    def post(self, request: Request) -> Response:
        form = RefreshRequest(data=request.data)
        form.is_valid(raise_exception=True)
        try:
            user, refresh = tokens.rotated(form.validated_data["refresh_token"])
        except TokenError:
            raise InvalidToken(_("The refresh token is invalid or has expired; sign in again."))
        if factors.lacks_one(user):
            words = _("Your account needs a second factor: set one up on the web first.")
            raise exceptions.PermissionDenied(words, "second_factor_required")
        return Response(token_pair(refresh))


class LogoutView(SignIn):
    """Give a refresh token back: it brings nothing any more."""

    throttle_classes = ()

    @extend_schema(request=LogoutRequest, responses={204: None}, operation_id="auth_logout", auth=[])
    def post(self, request: Request) -> Response:
        form = LogoutRequest(data=request.data)
        form.is_valid(raise_exception=True)
        try:
            user = tokens.revoke(form.validated_data["refresh_token"])
        except TokenError:
            raise InvalidToken(_("The refresh token is invalid or has expired."))
        events.signed_out(LogoutView, user)
        return Response(status=status.HTTP_204_NO_CONTENT)


class RegisterView(SignIn):
    """Accept an invitation as a new person."""

    @extend_schema(request=JoinRequest, responses={201: Me}, operation_id="auth_register", auth=[])
    def post(self, request: Request) -> Response:
        form = JoinRequest(data=request.data)
        form.is_valid(raise_exception=True)
        given = form.validated_data
        try:
            user = invitations.accept(given["token"], name=given["name"], password=given["password"])
        except invitations.Closed:
            raise exceptions.NotFound(_("The invitation is unknown, was accepted before or has expired."))
        except invitations.Known:
            raise ConflictError(_("You have an account already: sign in on the web and open the invitation there."))
        except ValidationError as error:
            raise exceptions.ValidationError({"password": error.messages})
        return Response(Me(user).data, status=status.HTTP_201_CREATED)


class MeView(BackofficeView):
    """Who is signed in, and the dealerships they may see."""

    @extend_schema(responses=Me, operation_id="auth_me")
    def get(self, request: Request) -> Response:
        if not isinstance(request.user, User):
            raise exceptions.PermissionDenied(_("This is about people; a service token is none."))
        return Response(Me(request.user).data)


def both(name: str, view: type[BackofficeView]) -> URLPattern:
    """An address with or without its last slash, as OAuth2 clients differ."""
    return re_path(rf"^auth/{name}/?$", view.as_view(), name=f"auth-{name}")


urlpatterns = [
    both("login", LoginView),
    both("refresh", RefreshView),
    both("logout", LogoutView),
    both("register", RegisterView),
    both("me", MeView),
]
