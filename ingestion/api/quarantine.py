"""Endpoints of the quarantine: what could not be stored, why, and what people do about it."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.extensions import OpenApiSerializerExtension
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from config.backoffice.api import BackofficeView
from config.backoffice.bodies import OneOrMore, Text
from config.backoffice.filters import StrictFilterBackend
from dealers import audit
from dealers.access import Access, needed
from ingestion import identity, quarantine
from ingestion.api.records import OffsetMoment
from ingestion.filters import QuarantineFilters
from ingestion.job_types import JOB_TYPES
from ingestion.models import QuarantinedRecord
from ingestion.models.quarantine import QuarantineQuerySet
from ingestion.replays import MOST_AT_REQUEST, TooMany, replay_at_request


class QuarantinedRecordSerializer(serializers.ModelSerializer):
    dealer = serializers.CharField(source="dealership.code", read_only=True)
    job = serializers.CharField(source="job_type", read_only=True)
    quarantined_at = OffsetMoment(read_only=True)
    received_at = OffsetMoment(read_only=True, help_text="When it was last received.")
    settled_at = OffsetMoment(read_only=True, allow_null=True)
    raw = serializers.SerializerMethodField(help_text="The record as received.")

    def get_raw(self, entry: QuarantinedRecord) -> str:
        return identity.received(entry.raw, entry.job_type, entry.dealership_id, self.context["request"].user)

    class Meta:
        model = QuarantinedRecord
        fields = read_only_fields = (
            *("id", "job", "dealer", "run", "natural_key", "field", "reason", "cause", "quarantined_at", "received_at"),
            *("state", "settled_at", "settled_by", "why_ignored", "raw"),
        )


class GroupSerializer(serializers.Serializer):
    """Entries of one job type, field and cause."""

    job = serializers.CharField(source="job_type")
    field = serializers.CharField()
    cause = serializers.CharField(help_text="The reason without the values in it.")
    count = serializers.IntegerField()
    example = serializers.IntegerField(help_text="The newest of them.")
    since = OffsetMoment(help_text="When the first was quarantined.")


def number() -> serializers.IntegerField:
    return serializers.IntegerField(min_value=0, max_value=2**63 - 1)


class Chosen(serializers.Serializer):
    """Which entries: by their ids, or by what they have in common; every member given must fit, one at least."""

    LOOKUPS = {
        "ids": "pk__in",
        "job": "job_type__in",
        "dealer": "dealership__code__in",
        "run": "run__in",
        "natural_key": "natural_key__in",
        "field": "field__in",
        "cause": "cause__in",
        "reason": "reason__icontains",
    }

    ids = OneOrMore(number(), max_length=MOST_AT_REQUEST)
    job = OneOrMore(serializers.ChoiceField(choices=[(code, code) for code in JOB_TYPES]), max_length=MOST_AT_REQUEST)
    dealer = OneOrMore(Text(), max_length=MOST_AT_REQUEST, help_text="Dealer codes.")
    run = OneOrMore(number(), max_length=MOST_AT_REQUEST, help_text="The runs that met them first.")
    natural_key = OneOrMore(Text(), max_length=MOST_AT_REQUEST)
    field = OneOrMore(Text(allow_blank=True), max_length=MOST_AT_REQUEST)
    cause = OneOrMore(Text(), max_length=MOST_AT_REQUEST)
    reason = Text(required=False, help_text="Words of the reason.")

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        """A misspelt member would choose too much."""
        if unknown := set(self.initial_data) - set(self.fields):
            raise serializers.ValidationError({name: [_("There is no such member.")] for name in sorted(unknown)})
        if not given.keys() & self.LOOKUPS.keys():
            raise serializers.ValidationError(_("Say which entries."))
        return given

    def among(self, entries: QuerySet[QuarantinedRecord]) -> QuerySet[QuarantinedRecord]:
        """Those of `entries` that are chosen. Raises ValidationError for an id that is not among them."""
        given = self.validated_data
        ids = set(given.get("ids", ()))
        if missing := ids - set(entries.filter(pk__in=ids).values_list("pk", flat=True)):
            words = ", ".join(map(str, sorted(missing)[:20]))
            raise exceptions.ValidationError({"ids": [_("There is no entry %(ids)s.") % {"ids": words}]})
        return entries.filter(**{lookup: given[name] for name, lookup in self.LOOKUPS.items() if name in given})


class ChosenSchema(OpenApiSerializerExtension):
    """What the description of `Chosen` says besides its members."""

    target_class = Chosen
    match_subclasses = True

    def map_serializer(self, auto_schema: Any, direction: Any) -> Any:
        found = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)
        one_of_them = [{"required": [name]} for name in Chosen.LOOKUPS]
        return found | {"anyOf": one_of_them, "additionalProperties": False}


class Why(serializers.Serializer):
    why = Text(help_text="Why they are left alone.")


class ChosenWithReason(Chosen, Why):
    """Which entries, and why they are left alone."""


class ReplayedSerializer(serializers.Serializer):
    """What became of the entries."""

    stored = serializers.IntegerField(help_text="Stored now, or overtaken by what is stored.")
    waiting = serializers.IntegerField(help_text="Still not readable.")
    runs = serializers.ListField(child=serializers.IntegerField(), help_text="The run of each feed.")


class Changed(serializers.Serializer):
    changed = serializers.IntegerField(help_text="How many entries it changed.")


class QuarantineViewSet(BackofficeView, viewsets.ReadOnlyModelViewSet):
    """Records that could not be stored, each with its reason and as received."""

    queryset = QuarantinedRecord.objects.none()
    serializer_class = QuarantinedRecordSerializer
    permission_classes = [Access]
    acts_with = "ingestion.quarantinedrecord:change"
    filter_backends = [StrictFilterBackend]
    filterset_class = QuarantineFilters
    ordering_fields = ["id", "quarantined_at", "received_at", "settled_at", "natural_key"]
    lookup_value_regex = r"\d+"

    def get_queryset(self) -> Any:
        return QuarantinedRecord.objects.visible_to(self.request.user, needed(self)).select_related("dealership")

    @property
    def by(self) -> str:
        return audit.signature()

    @extend_schema(responses=GroupSerializer(many=True))
    @action(detail=False, pagination_class=None)
    def groups(self, request: Request) -> Response:
        """What waits, counted by job type, field and cause, the most first; what does not with `state`."""
        entries: Any = self.filter_queryset(self.get_queryset())
        if "state" not in request.query_params:
            entries = entries.waiting()
        return Response(GroupSerializer(quarantine.groups(entries), many=True).data)

    @extend_schema(request=Chosen, responses=ReplayedSerializer, operation_id="dgi_quarantine_replay_chosen")
    @action(detail=False, methods=["post"], url_path="replay", filter_backends=[])
    def replay_chosen(self, request: Request) -> Response:
        """Try again what waits among the entries chosen, now."""
        done = self.replayed(self.chosen(Chosen(data=request.data)))
        counts = {name: sum(getattr(each, name) for each in done) for name in ("stored", "waiting")}
        return Response({**counts, "runs": [each.run.pk for each in done]})

    @extend_schema(request=None, responses=QuarantinedRecordSerializer)
    @action(detail=True, methods=["post"])
    def replay(self, request: Request, pk: str) -> Response:
        """Try again, now; what does not wait stays as it is."""
        self.replayed(self.one())
        return self.retrieve(request, pk=pk)

    @extend_schema(request=ChosenWithReason, responses=Changed, operation_id="dgi_quarantine_ignore_chosen")
    @action(detail=False, methods=["post"], url_path="ignore", filter_backends=[])
    def ignore_chosen(self, request: Request) -> Response:
        """Leave what waits among the entries chosen alone, even if it is received again."""
        asked = ChosenWithReason(data=request.data)
        entries = self.chosen(asked)
        return Response({"changed": quarantine.ignore(entries, by=self.by, why=asked.validated_data["why"])})

    @extend_schema(request=Why, responses=QuarantinedRecordSerializer)
    @action(detail=True, methods=["post"])
    def ignore(self, request: Request, pk: str) -> Response:
        """Leave it alone, even if it is received again."""
        entry, asked = self.one(), Why(data=request.data)
        asked.is_valid(raise_exception=True)
        quarantine.ignore(entry, by=self.by, why=asked.validated_data["why"])
        return self.retrieve(request, pk=pk)

    @extend_schema(request=Chosen, responses=Changed, operation_id="dgi_quarantine_wait_again_chosen")
    @action(detail=False, methods=["post"], url_path="wait-again", filter_backends=[])
    def wait_again_chosen(self, request: Request) -> Response:
        """Undo that the entries chosen are ignored."""
        return Response({"changed": quarantine.wait_again(self.chosen(Chosen(data=request.data)))})

    @extend_schema(request=None, responses=QuarantinedRecordSerializer)
    @action(detail=True, methods=["post"], url_path="wait-again")
    def wait_again(self, request: Request, pk: str) -> Response:
        """Undo that it is ignored."""
        quarantine.wait_again(self.one())
        return self.retrieve(request, pk=pk)

    def chosen(self, asked: Chosen) -> Any:
        asked.is_valid(raise_exception=True)
        return asked.among(QuarantinedRecord.objects.visible_to(self.request.user, needed(self)))

    def one(self) -> Any:
        """The entry addressed, as a query."""
        return QuarantinedRecord.objects.filter(pk=self.get_object().pk)

    def replayed(self, entries: QuarantineQuerySet) -> Any:
        try:
            return replay_at_request(entries, by=self.by)
        except TooMany as error:
            raise exceptions.ValidationError(str(error))
