"""Pages of people: accepting an invitation, ending a session, choosing a dealership, standing in for somebody."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.fields import PasswordField, SetPasswordField
from allauth.usersessions.models import UserSession
from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import get_conditional_response, patch_cache_control, patch_vary_headers
from django.utils.http import quote_etag, url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from dealers import choice, impersonation, invitations, sessions, stepup
from dealers.flags import is_on
from dealers.models import Invitation, Logo, User

KEYS = "keys"
"""The session's note whether single keys lead to pages."""


class AcceptForm(forms.Form):
    """Name and password of a person who is new here."""

    name = forms.CharField(label=gettext_lazy("Your name"), max_length=200)
    password1 = SetPasswordField(label=gettext_lazy("Password"))
    password2 = PasswordField(label=gettext_lazy("Password (again)"), autocomplete="new-password")

    def __init__(self, invitation: Invitation, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["name"].initial = invitation.name
        self.fields["password1"].user = invitations.invited(invitation)  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        if found.get("password1") != found.get("password2"):
            self.add_error("password2", _("You must type the same password each time."))
        return found


@never_cache
@sensitive_post_parameters("password1", "password2")
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """A form for whoever is new, a button for whoever is signed in as the invited; only a POST accepts."""
    try:
        found = invitations.find(token)
    except invitations.Closed:
        raise Http404 from None
    if User.objects.filter(email=found.email).exists():
        return for_the_known(request, found, token)
    form = AcceptForm(found, request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            invitations.accept(token, name=given["name"], password=given["password1"])
        except ValidationError as error:
            form.add_error("password1", error)
        else:
            messages.success(request, _("Your account is ready: sign in."))
            return redirect("account_login")
    return render(request, "account/invitation.html", {"invitation": found, "form": form})


def for_the_known(request: Any, found: Invitation, token: str) -> HttpResponse:
    theirs = request.user.is_authenticated and request.user.email == found.email
    if request.method == "POST" and theirs:
        invitations.accept(token, as_user=request.user)
        return redirect("home")
    return render(request, "account/invitation.html", {"invitation": found, "theirs": theirs, "known": True})


@require_POST
@login_required
@stepup.confirmed
def end_session(request: Any, pk: int) -> HttpResponse:
    try:
        sessions.end_one(request.user, pk)
    except UserSession.DoesNotExist:
        raise Http404 from None
    get_adapter().add_message(request, messages.INFO, message=_("The session was ended."))
    return redirect("usersessions_list")


@require_POST
@login_required
def switch_dealership(request: HttpRequest) -> HttpResponse:
    """Work in one dealership, or in all of one's own; then back to the page that one comes from."""
    choice.choose(request, request.POST.get("dealership", ""))
    return back(request)


@require_POST
@login_required
def appearance(request: Any) -> HttpResponse:
    """A theme, or single keys on or off; then back to the page that one comes from."""
    theme, keys = request.POST.get("theme"), request.POST.get("keys")
    if theme in User.Theme.values and not request.impersonator:
        User.objects.filter(pk=request.user.pk).update(theme=theme)
    if keys in ("on", "off"):
        request.session[KEYS] = keys
    return back(request)


def back(request: HttpRequest) -> HttpResponse:
    """To the page of ours that a form names as the next."""
    following = request.POST.get("next", "")
    ours = url_has_allowed_host_and_scheme(following, {request.get_host()}, require_https=request.is_secure())
    return redirect(following if ours else "home")


@require_safe
@login_required
def logo(request: HttpRequest, dealership: int) -> HttpResponse:
    """A dealership's logo, for those who may see the dealership; their browser keeps it, and asks if it is still so."""
    found: Logo | None = Logo.objects.visible_to(request.user).filter(dealership=dealership).first()
    if found is None or not is_on("branding", dealership):
        raise Http404
    etag = quote_etag(found.sha256)
    response = get_conditional_response(request, etag) or HttpResponse(bytes(found.png), content_type="image/png")
    response.headers["ETag"] = etag
    patch_vary_headers(response, ["Cookie"])
    patch_cache_control(response, private=True, no_cache=True)
    return response


class ImpersonationForm(forms.Form):
    """Why somebody is stood in for, and for how long."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        help_text=gettext_lazy("Such as the ticket and what is wrong; it stays in the audit."),
        min_length=impersonation.SHORTEST_REASON,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    minutes = forms.IntegerField(
        label=gettext_lazy("Minutes"), min_value=1, max_value=impersonation.MOST_MINUTES, initial=15
    )


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def impersonate(request: Any, pk: int) -> HttpResponse:
    """Whoever may not, and whom nobody may, are as if there were no such page."""
    person = User.objects.filter(pk=pk).first()
    if person is None or not impersonation.may_stand_in(request.user, person):
        raise Http404
    return begin_impersonation(request, person)


@stepup.confirmed
def begin_impersonation(request: Any, person: User) -> HttpResponse:
    form = ImpersonationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        impersonation.begin(request, person, **form.cleaned_data)
        return redirect("home")
    return render(request, "account/impersonate.html", {"person": person, "form": form})


@require_POST
@login_required
def end_impersonation(request: Any) -> HttpResponse:
    person = impersonation.end(request)
    if person is None or not request.user.is_staff:
        return redirect("home")
    messages.success(request, _("You are yourself again."))
    return redirect("admin:dealers_user_change", person.pk)
