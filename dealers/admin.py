"""Dealerships and their people in the admin."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminPasswordChangeForm, AdminUserCreationForm, UserChangeForm
from django.contrib.auth.models import Group as DjangoGroup
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken

from config.backoffice.admin import BigTableAdmin, ReadOnly
from dealers import admin_exports, admin_tokens, audit, factors, invitations  # noqa: F401  registers models of theirs
from dealers.admin_look import Look
from dealers.audited import Audited
from dealers.choice import works_in_one
from dealers.impersonation import may_stand_in
from dealers.models import Dealership, Event, Flag, Group, Holiday, Invitation, Membership, OpeningHours, User
from dealers.stepup import Confirmed, ask, is_fresh

for kept_out in (EmailAddress, Authenticator, UserSession, OutstandingToken, BlacklistedToken):
    admin.site.unregister(kept_out)  # keys and sessions are their owners' business
admin.site.unregister(DjangoGroup)  # what a person may do is said by permissions.md, not by groups


class DealershipFilter(admin.SimpleListFilter):
    """Rows of one of the dealerships that the person may see."""

    title = _("dealership")
    parameter_name = "dealership"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(each.pk), str(each)) for each in Dealership.objects.visible_to(request.user)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        if value is None:
            return queryset
        return queryset.filter(dealership_id=int(value)) if value.isdecimal() else queryset.none()


class UserForm(UserChangeForm):
    class Meta:
        model = User
        fields = "__all__"


class NewUserForm(AdminUserCreationForm):
    class Meta:
        model = User
        fields = ("email", "name")


class PasswordForm(AdminPasswordChangeForm):
    """Somebody's password, set for them: in the audit, and told to them by mail."""

    def save(self, commit: bool = True) -> User:
        user: User = super().save(commit)
        audit.record("password_changed", user)
        get_adapter().send_notification_mail("account/email/password_changed", user)
        return user


class MembershipInline(admin.TabularInline):
    """Places of people, of those dealerships and people that whoever looks may see."""

    model = Membership
    extra = 0

    def get_queryset(self, request: HttpRequest) -> QuerySet[Membership]:
        rows: Any = super().get_queryset(request)
        return rows.visible_to(request.user)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        models: dict[str, Any] = {"user": User, "dealership": Dealership}
        visible = models[db_field.name].objects.visible_to(request.user)
        return super().formfield_for_foreignkey(db_field, request, **{**options, "queryset": visible})


class OpeningHoursInline(admin.TabularInline):
    model = OpeningHours
    extra = 0


class HolidayInline(admin.TabularInline):
    model = Holiday
    extra = 0


@admin.register(User)
class UserAdmin(Confirmed, Audited, DjangoUserAdmin):
    form = UserForm
    add_form = NewUserForm
    change_password_form = PasswordForm
    list_display = ("email", "name", "is_active", "is_staff", "is_superuser", "last_login")
    list_filter = ("is_active", "is_staff", "is_superuser")
    search_fields = ("email", "name")
    ordering = ("email",)
    readonly_fields = ("last_login", "date_joined")
    fieldsets = (
        (None, {"fields": ("email", "name", "password")}),
        (_("Permissions"), {"fields": ("is_active", "is_staff", "is_superuser")}),
        (_("Dates"), {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = ((None, {"fields": ("email", "name", "usable_password", "password1", "password2")}),)
    inlines = (MembershipInline,)
    beside = ((Membership, "user_id"),)
    actions = ("take_factors_away",)

    @admin.action(description=_("Take second factors away (lost phone)"), permissions=["give_access"])
    def take_factors_away(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """They sign in with their password and set up a new one; whoever asks for this is asked back by phone first."""
        for user in queryset:
            factors.take_away(user)
        self.message_user(request, _("They set up a second factor at their next sign-in."))

    def has_give_access_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        """An account belongs to no dealership; people see the accounts of those they work with."""
        return User.objects.visible_to(request.user).order_by(*self.ordering)

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[Any, ...]:
        """Only a platform administrator gives rights away."""
        fields = tuple(super().get_readonly_fields(request, obj))
        if request.user.is_superuser:
            return fields
        return (*fields, "is_staff", "is_superuser")

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        return super().user_change_password(request, id, form_url) if is_fresh(request) else ask(request)

    def render_change_form(self, request: Any, context: dict[str, Any], *args: Any, **options: Any) -> HttpResponse:
        context["may_stand_in"] = may_stand_in(request.user, options.get("obj"))
        return super().render_change_form(request, context, *args, **options)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody but a platform administrator changes one."""
        return super().has_change_permission(request, obj) and may_touch(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return super().has_delete_permission(request, obj) and may_touch(request, obj)


def may_touch(request: HttpRequest, user: Model | None) -> bool:
    return not getattr(user, "is_superuser", False) or bool(request.user.is_superuser)


@admin.register(Dealership)
class DealershipAdmin(Confirmed, Look, Audited):
    list_display = ("code", "name", "city", "time_zone", "currency", "is_active")
    list_filter = ("is_active",)
    search_fields = ("code", "name", "legal_name")
    fieldsets = (
        (None, {"fields": ("code", "name", "group", "is_active")}),
        (_("Law and tax"), {"fields": ("legal_name", "licence_number", "tax_number")}),
        (_("Address"), {"fields": ("street", "city", "region", "postal_code", "country")}),
        (_("Contact"), {"fields": ("phone", "email", "website")}),
        (_("Words and money"), {"fields": ("time_zone", "language", "currency")}),
    )
    inlines = (OpeningHoursInline, HolidayInline, MembershipInline)
    beside = ((OpeningHours, "dealership_id"), (Holiday, "dealership_id"), (Membership, "dealership_id"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Dealership]:
        return Dealership.objects.visible_to(request.user)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """An event that belonged to the dealership would keep it from being deleted."""
        audit.record("dealership.deleted", changes={"id": obj.pk, "code": obj.code, "name": obj.name})
        obj.delete()

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Dealership]) -> None:
        for each in queryset:
            self.delete_model(request, each)

    def has_add_permission(self, request: Any) -> bool:
        """Who works in one dealership makes no other."""
        return super().has_add_permission(request) and not works_in_one(request)

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[Any, ...]:
        """The code decides whose records arrive, and a group's name is none of a dealership's: for the platform."""
        own = () if request.user.is_superuser else ("code", "group", "is_active")
        return (*super().get_readonly_fields(request, obj), *own)


@admin.register(Group)
class GroupAdmin(Audited):
    list_display = ("name",)
    search_fields = ("name",)


@admin.register(Flag)
class FlagAdmin(Audited):
    list_display = ("name", "dealership", "is_on")
    list_filter = ("name", "is_on")
    list_select_related = ("dealership",)

    def has_add_permission(self, request: Any) -> bool:
        """Flags are the platform's: whoever works in one dealership sees what is on."""
        return super().has_add_permission(request) and not works_in_one(request)

    def has_change_permission(self, request: Any, obj: Model | None = None) -> bool:
        return super().has_change_permission(request, obj) and not works_in_one(request)

    def has_delete_permission(self, request: Any, obj: Model | None = None) -> bool:
        return super().has_delete_permission(request, obj) and not works_in_one(request)


@admin.register(Event)
class EventAdmin(ReadOnly, BigTableAdmin):
    """Nobody changes what was done."""

    list_display = ("at", "who", "verb", "object_text", "dealership", "address")
    list_filter = (DealershipFilter, "verb")
    list_select_related = ("dealership",)
    search_fields = ("who", "verb", "object_text", "request_id")
    date_hierarchy = None
    fields = readonly_fields = (
        *("at", "verb", "who", "user", "acting_as", "dealership", "object_type", "object_id", "object_text"),
        *("changes", "reason", "address", "request_id"),
    )


@admin.register(Invitation)
class InvitationAdmin(Confirmed, admin.ModelAdmin):
    """To add one is to send it; what was sent is not changed but withdrawn."""

    list_display = ("email", "dealership", "role", "invited_by", "invited_at", "expires_at", "accepted_at")
    list_filter = (DealershipFilter,)
    list_select_related = ("dealership", "invited_by")
    search_fields = ("email", "name")
    fields = ("dealership", "email", "name", "role")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Invitation]:
        return Invitation.objects.visible_to(request.user)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        if db_field.name == "dealership":
            options["queryset"] = Dealership.objects.visible_to(request.user, "dealers.invitation:add")
        return super().formfield_for_foreignkey(db_field, request, **options)

    def save_model(self, request: Any, obj: Invitation, form: Any, change: bool) -> None:
        def link(token: str) -> str:
            return str(request.build_absolute_uri(reverse("invitation", args=[token])))

        invitations.send(obj, request.user, link)
