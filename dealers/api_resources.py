"""The endpoint of a resource: what its pages do, for programs. One declaration, one form, one verb for both.

    router.register("holidays", viewset_of(HOLIDAYS), "holiday")

A body is checked as JSON by a serializer read off the resource's form, then by the form itself, so that a rule stands
once. `ETag` is the row's version; a change with `If-Match` of another one is refused. A creation with
`Idempotency-Key` is done once, however often it is sent.
"""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from functools import cache
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import EmailField, Model, QuerySet, URLField
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import exceptions, serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from config.backoffice import merging
from config.backoffice.api import BackofficeView
from config.backoffice.errors import ConflictError
from config.backoffice.filters import StrictFilterBackend
from config.backoffice.form_bodies import body_of, data_of
from config.backoffice.resources import Resource, Verb
from dealers import once
from dealers.access import Access, permission_of

IF_MATCH = OpenApiParameter(
    "If-Match", str, OpenApiParameter.HEADER, description="The `ETag` of the row as you know it; without it, any."
)
KEY = re.compile(r"[!-~]{1,200}")
IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$"},
    OpenApiParameter.HEADER,
    description="Of your own making: what is sent again with it makes no second row.",
)


def key_of(request: Request) -> str:
    """The one-time key of a request; nothing without one. Raises ValidationError for what can be none."""
    key: str = request.headers.get("Idempotency-Key", "").strip()
    if key and not KEY.fullmatch(key):
        words = _("A key is 1 to 200 letters, digits and signs of ASCII, without blanks.")
        raise exceptions.ValidationError({"Idempotency-Key": [words]})
    return key


WRITES = {"create": "add", "update": "change", "partial_update": "change", "destroy": "delete"}


class ChangedMeanwhile(exceptions.APIException):
    status_code = status.HTTP_412_PRECONDITION_FAILED
    default_code = "changed_meanwhile"
    default_detail = _("Somebody has changed this meanwhile. Read it again, and send your change with its ETag.")


class RowSerializer(serializers.ModelSerializer):
    """A row as the API tells it: every column of its resource's `told`, null where it is not told to who asks."""

    dealer = serializers.CharField(source="dealership.code", read_only=True, help_text="Dealer code.")
    secrets: dict[str, str] = {}
    """Fields told by a permission of their own."""

    def to_representation(self, instance: Any) -> dict[str, Any]:
        found: dict[str, Any] = super().to_representation(instance)
        user = self.context["request"].user
        for name, permission in self.secrets.items():
            if name in found and not user.has_perm(permission, instance):
                found[name] = None
        return found


@cache
def row_serializer(resource: Resource) -> type[RowSerializer]:
    """A row with the columns of its model that are not `untold`, and what the resource adds in `serialized`."""
    model, added = resource.model, dict(resource.serialized())
    names = [field.name for field in model._meta.concrete_fields if field.name not in resource.untold]
    secrets = {column.name: column.permission for column in resource.columns if column.permission}
    options: dict[str, dict[str, Any]] = {
        name: {"allow_null": True, "read_only": True} for name in names if name in secrets
    }
    for column in model._meta.concrete_fields:
        if column.name in names and column.blank and column.choices:
            options[column.name] = {**options.get(column.name, {"read_only": True}), "allow_blank": True}
        elif column.name in names and column.blank and isinstance(column, EmailField | URLField):
            # what is blank is no address: the description promises a text
            added[column.name] = serializers.CharField(**options.pop(column.name, {"read_only": True}))
    fields = list(dict.fromkeys([*names, "dealer", *added]))
    meta = {"model": model, "fields": fields, "read_only_fields": names, "extra_kwargs": options}
    declared = {**added, "Meta": type("Meta", (), meta), "secrets": secrets, "__doc__": str(model._meta.verbose_name)}
    return type(f"{model.__name__}Serializer", (RowSerializer,), declared)


class ReadViewSet(BackofficeView, viewsets.ReadOnlyModelViewSet):
    """Rows of a resource, and its verbs; subclasses are made by `viewset_of`."""

    resource: Resource
    permission_classes = [Access]
    filter_backends = [StrictFilterBackend]
    lookup_value_regex = r"\d+"

    acts_with: Mapping[str, str]
    """The permission of each action that is not just to look."""

    def get_queryset(self) -> QuerySet[Any]:
        rows = self.resource.rows(self.request.user)
        return merging.with_version(self.resource.listing(rows).select_related("dealership"))

    def locked(self) -> Any:
        """The row that is about to be changed, if there is one and they may."""
        rows = self.resource.rows(self.request.user).select_for_update(of=self.resource.locks)
        row = rows.filter(pk=self.kwargs["pk"]).first()
        if row is None:
            raise exceptions.NotFound
        if not self.request.user.has_perm(permission_of(self), row):
            raise exceptions.PermissionDenied
        return row

    def need_known(self, row: Any) -> None:
        """Raises ChangedMeanwhile unless the row is as who asks knows it. Asked last: what is wrong anyway is told."""
        known = self.request.headers.get("If-Match", "*").strip()
        if known not in ("*", f'"{merging.version_of(row)}"'):
            raise ChangedMeanwhile

    def told(self, row: Model, status_code: int = status.HTTP_200_OK, **headers: str) -> Response:
        """The row as it is now, with its version."""
        now = self.get_queryset().get(pk=row.pk)
        data = self.get_serializer(now).data
        return Response(data, status_code, headers={"ETag": f'"{now.row_version}"', **headers})

    def retrieve(self, request: Request, *args: Any, **options: Any) -> Response:
        row = self.get_object()
        return Response(self.get_serializer(row).data, headers={"ETag": f'"{row.row_version}"'})

    def checked(self, form_class: type[forms.Form], *, of: forms.Form | None = None) -> dict[str, Any]:
        """The body as a form's data; what it leaves out stays as it is in the form `of` the row, null clears it."""
        body = body_of(form_class)(data=self.request.data, partial=of is not None)
        body.is_valid(raise_exception=True)
        kept = as_it_is(of, besides=body.validated_data) if of is not None else {}
        return kept | data_of(body.validated_data)

    def do(self, verb: Verb) -> Response:
        """Carry out a verb of the row."""
        user, given = self.request.user, dict[str, Any]()
        with transaction.atomic():
            row = self.locked()
            key = key_of(self.request) if verb.once else ""
            form = None
            if verb.form is not None:
                form = self.resource.verb_form(verb, user, row, data=self.checked(verb.form))
                given = form.cleaned_data if form.is_valid() else {}
            try:
                if key and self.resource.carried_out(user, verb, row, given, key):
                    return self.told(row)
                self.need_known(row)
                if form is not None and form.errors:
                    raise exceptions.ValidationError(problems(form))
                if not verb.open_to(row):
                    raise ConflictError
                with transaction.atomic():
                    self.resource.carry_out(user, verb, row, given, key)
            except once.KeyTaken as error:
                raise ConflictError(" ".join(error.messages), code="key_taken")
            except ValidationError as error:
                raise refused(error)
            except IntegrityError:
                raise ConflictError
        return self.told(row)


class ResourceViewSet(ReadViewSet, viewsets.ModelViewSet):
    """Rows of a resource that are written by its form."""

    def written(self, write: Any, form: forms.Form) -> Any:
        """What `write` makes of a valid form, in one transaction."""
        if not form.is_valid():
            raise exceptions.ValidationError(problems(form))
        try:
            with transaction.atomic():
                return write()
        except once.KeyTaken as error:
            raise ConflictError(" ".join(error.messages), code="key_taken")
        except ValidationError as error:
            raise refused(error)
        except IntegrityError:
            raise ConflictError

    def create(self, request: Request, *args: Any, **options: Any) -> Response:
        resource, user = self.resource, request.user
        key = key_of(request)
        data = self.checked(resource.form)  # type: ignore[arg-type]
        if key and (row := self.made_before(key, data)) is not None:
            return self.told(row, status.HTTP_200_OK)
        form = resource.form_for(user, "add", data=data)
        row = self.written(lambda: resource.create(user, form, key=key), form)
        where = reverse(f"{self.basename}-detail", args=[row.pk], request=request)
        return self.told(row, status.HTTP_201_CREATED, Location=where)

    def made_before(self, key: str, data: dict[str, Any]) -> Any:
        try:
            found = once.used(self.request.user, key, self.resource.name, asked=once.hash_of(data))
        except once.KeyTaken as error:
            raise ConflictError(" ".join(error.messages), code="key_taken")
        return self.resource.rows(self.request.user).filter(pk=found.row_id).first() if found else None

    def update(self, request: Request, *args: Any, **options: Any) -> Response:
        resource, user, partial = self.resource, request.user, bool(options.pop("partial", False))
        with transaction.atomic():
            row = self.locked()
            now = resource.form_for(user, "change", instance=row) if partial else None
            data = self.checked(resource.form, of=now)  # type: ignore[arg-type]
            self.need_known(row)
            form = resource.form_for(user, "change", data=data, instance=row)
            self.written(lambda: resource.change_row(user, form), form)
        return self.told(row)

    def destroy(self, request: Request, *args: Any, **options: Any) -> Response:
        with transaction.atomic():
            row = self.locked()
            self.need_known(row)
            try:
                self.resource.delete_row(request.user, row)
            except ValidationError as error:
                raise refused(error)
        return Response(status=status.HTTP_204_NO_CONTENT)


def as_it_is(form: Any, besides: Container[str]) -> dict[str, Any]:
    """A form's data if it were sent as it is shown, without some fields."""
    return data_of({bound.name: bound.value() for bound in form if bound.name not in besides})


def problems(form: Any) -> dict[str, list[str]]:
    """By field; what concerns no field, as such."""
    return {
        "non_field_errors" if name == "__all__" else name: [str(each) for each in errors]
        for name, errors in form.errors.items()
    }


def refused(error: ValidationError) -> exceptions.APIException:
    """What a verb refuses: of a field as such, all else as a conflict with the state things are in."""
    if hasattr(error, "error_dict"):
        return exceptions.ValidationError(error.message_dict)
    return ConflictError(" ".join(error.messages))


def action_of(verb: Verb) -> Any:
    """The endpoint of a verb."""

    def method(self: ReadViewSet, request: Request, pk: str) -> Response:
        return self.do(verb)

    method.__name__ = verb.name.replace("-", "_")
    method.__doc__ = str(verb.label)
    return action(detail=True, methods=["post"], url_path=verb.name)(method)


def viewset_of(resource: Resource) -> type[ReadViewSet]:
    """The endpoint of a resource with what its pages have: no form, nothing to write."""
    told, writes = row_serializer(resource), resource.form is not None
    declared: dict[str, Any] = {
        "resource": resource,
        "queryset": resource.model._default_manager.none(),
        "serializer_class": told,
        "filterset_class": resource.filterset,
        "ordering": resource.ordering,
        "ordering_fields": resource.sortable_too,
        "http_method_names": ["get", "head", "options", *(["post", "put", "patch", "delete"] if writes else ["post"])],
        "__doc__": f"{str(resource.model._meta.verbose_name_plural).capitalize()}.",
    }
    written = {name: resource.permission_for(verb) for name, verb in WRITES.items()} if writes else {}
    declared["acts_with"] = written | {verb.name.replace("-", "_"): verb.permission for verb in resource.verbs}
    declared |= {verb.name.replace("-", "_"): action_of(verb) for verb in resource.verbs}
    base: Any = ResourceViewSet if writes else ReadViewSet
    made = type(f"{resource.model.__name__}ViewSet", (base,), declared)
    described = {
        verb.name.replace("-", "_"): extend_schema(
            request=body_of(verb.form) if verb.form else None,
            responses=told,
            parameters=[IF_MATCH, *([IDEMPOTENCY_KEY] if verb.once else [])],
        )
        for verb in resource.verbs
    }
    if writes:
        body: Any = body_of(resource.form)
        described |= {
            "create": extend_schema(request=body, responses={201: told, 200: told}, parameters=[IDEMPOTENCY_KEY]),
            "update": extend_schema(request=body, responses=told, parameters=[IF_MATCH]),
            "partial_update": extend_schema(request=body, responses=told, parameters=[IF_MATCH]),
            "destroy": extend_schema(parameters=[IF_MATCH]),
        }
    found: type[ReadViewSet] = extend_schema_view(**described)(made)
    return found
