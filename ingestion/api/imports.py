"""The endpoint that takes a saved answer."""

from __future__ import annotations

from typing import IO, Any

import msgspec
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import exceptions, parsers, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from config.backoffice.api import BackofficeView
from config.backoffice.bodies import Text
from dealers import audit
from dealers.access import Access
from dealers.models import Dealership
from dealers.permissions import may
from ingestion import imports, intake
from ingestion.answer import GatewayError
from ingestion.api.runs import RunSerializer, feed_of
from ingestion.job_types import JOB_TYPES
from ingestion.models import Feed
from ingestion.values import shown

MOST_BYTES = 20 * 1024 * 1024
"""A larger file is for `manage.py dgi_import`."""


class TooLarge(exceptions.APIException):
    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "too_large"


class Untouched(parsers.BaseParser):
    """A JSON object by its members, their values not read: an answer is stored as it was received."""

    media_type = "application/json"

    def parse(self, stream: IO[Any], media_type: Any = None, parser_context: Any = None) -> dict[str, msgspec.Raw]:
        body = stream.read(MOST_BYTES + 1)
        if len(body) > MOST_BYTES:
            raise TooLarge(_("An answer of more than 20 MB is for manage.py dgi_import."))
        try:
            return msgspec.json.decode(body, type=dict[str, msgspec.Raw])
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise exceptions.ParseError(_("This is no JSON object: %(error)s") % {"error": error}) from None


class Target(serializers.Serializer):
    job = serializers.ChoiceField(choices=[(code, code) for code in JOB_TYPES])
    dealer = Text(help_text="Dealer code.")


@extend_schema_field({"anyOf": [{"type": "object"}, {"type": "array"}]})
class Saved(serializers.JSONField):
    """An answer of a gateway."""


class ImportRequest(Target):
    """A saved answer, and the feed that it is for."""

    answer = Saved(help_text="A whole answer with status and data, or the list of its records.")


class ImportView(BackofficeView):
    """Saved answers, stored as if they had just arrived."""

    permission_classes = [Access]
    acts_with = "ingestion.run:add"
    parser_classes = [Untouched]

    @extend_schema(request=ImportRequest, responses={201: RunSerializer})
    def post(self, request: Request) -> Response:
        """Store a saved answer now; what is fetched next does not change. Takes the permission to start runs."""
        given = dict(request.data)
        answer = given.pop("answer", None)
        feed = self.feed(given)
        if answer is None:
            raise exceptions.ValidationError({"answer": [_("This field is required.")]})
        try:
            found = intake.sort(imports.records_of(bytes(answer)), feed)
        except GatewayError as error:
            raise exceptions.ValidationError({"answer": [str(error)]})
        self.refuse_strangers(imports.dealers_in(found))
        run = imports.take_in(found, feed=feed, by=audit.signature()).run
        return Response(RunSerializer(run).data, status=status.HTTP_201_CREATED)

    def feed(self, given: dict[str, msgspec.Raw]) -> Feed:
        """The feed that is named, if the person may see it and store its records."""
        asked = Target(data={name: plain(value) for name, value in given.items()})
        asked.is_valid(raise_exception=True)
        job, dealer = asked.validated_data["job"], asked.validated_data["dealer"]
        feed = feed_of(self.request, job, dealer, self.acts_with)
        if not may(self.request.user, feed.kind.seen_with, feed.dealership_id):
            raise exceptions.PermissionDenied()
        return feed

    def refuse_strangers(self, dealers: set[str]) -> None:
        """Whoever sends records says what they are, and so may say nothing of a dealership that they do not see."""
        seen = Dealership.objects.visible_to(self.request.user, self.acts_with).filter(code__in=dealers)
        if foreign := dealers - set(seen.values_list("code", flat=True)):
            words = ", ".join(shown(code) for code in sorted(foreign)[:20])
            words = _("There are records of dealers that are none of yours: %(codes)s.") % {"codes": words}
            raise exceptions.ValidationError({"answer": [words]})


def plain(value: msgspec.Raw) -> Any:
    try:
        return msgspec.json.decode(value)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
