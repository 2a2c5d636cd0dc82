"""Endpoints of backfills: what they brought and how far they are; started, paused, resumed and cancelled."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.dateparse import parse_date
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import exceptions, serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from config.backoffice.api import BackofficeView
from config.backoffice.bodies import Text
from config.backoffice.errors import ConflictError
from config.backoffice.filters import StrictFilterBackend
from dealers import audit
from dealers.access import Access, needed
from ingestion import backfills, progress
from ingestion.api.records import OffsetMoment
from ingestion.api.runs import MainDealersMoment, at_main_dealer, feed_of
from ingestion.filters import BackfillFilters
from ingestion.job_types import JOB_TYPES
from ingestion.models import Backfill, Feed, Run
from ingestion.plans import SHARE, BadPlan, Plan, plan, windows_waiting


class BackfillSerializer(serializers.ModelSerializer):
    dealer = serializers.CharField(source="dealership.code", read_only=True)
    job = serializers.CharField(source="job_type", read_only=True)
    since = OffsetMoment(read_only=True)
    until = OffsetMoment(read_only=True)
    reached = OffsetMoment(read_only=True)
    progress = serializers.FloatField(read_only=True, help_text="How much of the range is done, 0 to 1.")
    windows_done = serializers.IntegerField(source="figures.windows_done", read_only=True)
    windows_left = serializers.IntegerField(source="figures.windows_left", read_only=True)
    minutes_left = serializers.FloatField(
        source="figures.minutes_left", read_only=True, allow_null=True, help_text="Expected; null once it has ended."
    )
    waits_for = serializers.CharField(
        source="figures.waits_for", read_only=True, help_text="What holds it up, in words; blank if nothing does."
    )
    calls = serializers.IntegerField(source="figures.calls", read_only=True, help_text="Requests made.")
    received = serializers.IntegerField(source="figures.received", read_only=True)
    created = serializers.IntegerField(source="figures.created", read_only=True)
    updated = serializers.IntegerField(source="figures.updated", read_only=True)
    unchanged = serializers.IntegerField(source="figures.unchanged", read_only=True)
    quarantined = serializers.IntegerField(source="figures.quarantined", read_only=True)
    started_at = OffsetMoment(read_only=True)
    finished_at = OffsetMoment(read_only=True, allow_null=True)

    class Meta:
        model = Backfill
        fields = read_only_fields = (
            *("id", "job", "dealer", "since", "until", "state", "share", "reached", "progress"),
            *("windows_done", "windows_left", "minutes_left", "waits_for", "calls", *Run.COUNTS),
            *("left_out", "error", "started_by", "started_at", "finished_at"),
        )


class WindowSerializer(serializers.Serializer):
    since = OffsetMoment()
    until = OffsetMoment()


class PlanSerializer(serializers.Serializer):
    """What a backfill would do."""

    job = serializers.CharField(source="feed.job_type")
    dealer = serializers.CharField(source="feed.dealership.code")
    since = OffsetMoment()
    until = OffsetMoment()
    windows = serializers.SerializerMethodField()
    calls = serializers.IntegerField(help_text="Requests, if none has to be made again.")
    share = serializers.IntegerField(help_text="Percent.")
    calls_per_day = serializers.IntegerField(
        source="allowance.per_day",
        allow_null=True,
        help_text="Requests a day that backfills may make; null: any number.",
    )
    left_today = serializers.IntegerField(source="allowance.left_today", allow_null=True)
    minutes = serializers.FloatField(help_text="Expected.")
    left_out = serializers.CharField(help_text="What of the range is not fetched, and why.")

    @extend_schema_field(WindowSerializer(many=True))
    def get_windows(self, planned: Plan) -> Any:
        return WindowSerializer([{"since": since, "until": until} for since, until in planned.windows], many=True).data


class LastMoment(MainDealersMoment):
    """Likewise; a date alone is to its end."""

    def to_internal_value(self, value: Any) -> datetime:
        found: datetime = super().to_internal_value(value)
        is_date = isinstance(value, str) and parse_date(value.strip()) is not None
        return found + timedelta(days=1) if is_date else found


class BackfillRequest(serializers.Serializer):
    """Which range of which feed to fetch. Dates and moments without an offset are on the main dealer's clock."""

    job = serializers.ChoiceField(choices=[(code, code) for code in JOB_TYPES])
    dealer = Text(help_text="Dealer code.")
    since = MainDealersMoment(help_text="A moment, or a date: its beginning.")
    until = LastMoment(required=False, allow_null=True, help_text="A moment, or a date: its end. Without it: now.")
    share = serializers.IntegerField(
        default=SHARE, min_value=1, max_value=100, help_text="Percent of the requests a day that it may use."
    )
    dry_run = serializers.BooleanField(default=False, help_text="Only answer what it would do.")


class BackfillViewSet(BackofficeView, viewsets.ReadOnlyModelViewSet):
    """Backfills: old ranges of a feed, fetched window by window beside the live runs. Their runs: `runs/?backfill=`."""

    queryset = Backfill.objects.none()
    serializer_class = BackfillSerializer
    permission_classes = [Access]
    acts_with = "ingestion.backfill:add"
    filter_backends = [StrictFilterBackend]
    filterset_class = BackfillFilters
    ordering_fields = ["id", "started_at", "finished_at", "since", "until"]
    lookup_value_regex = r"\d+"

    def get_queryset(self) -> QuerySet[Backfill]:
        return Backfill.objects.visible_to(self.request.user, needed(self)).select_related(
            "dealership", "feed__connection"
        )

    def paginate_queryset(self, queryset: Any) -> Any:
        page = super().paginate_queryset(queryset)
        progress.tell(page or [])
        return page

    def get_object(self) -> Backfill:
        found: Backfill = super().get_object()
        progress.tell([found])
        return found

    @extend_schema(request=BackfillRequest, responses={202: BackfillSerializer, 200: PlanSerializer})
    def create(self, request: Request) -> Response:
        """Start a backfill; it is fetched in the background. With `dry_run` only say what it would do."""
        asked = BackfillRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        given = asked.validated_data
        feed = feed_of(request, given["job"], given["dealer"], self.acts_with)
        since, until = (at_main_dealer(given.get(name) or timezone.now(), feed) for name in ("since", "until"))
        try:
            if given["dry_run"]:
                return Response(PlanSerializer(self.planned(feed, since, until, given["share"])).data)
            by = audit.signature()
            made = backfills.start(feed=feed, since=since, until=until, share=given["share"], by=by)
        except BadPlan as error:
            raise exceptions.ValidationError({error.field: [str(error)]})
        except backfills.BackfillUnderWay as error:
            raise ConflictError(str(error), code="backfill_under_way")
        progress.tell([made])
        return Response(BackfillSerializer(made).data, status=status.HTTP_202_ACCEPTED)

    def planned(self, feed: Feed, since: Any, until: Any, share: int) -> Plan:
        return plan(feed, since, until, share, ahead=windows_waiting([feed.connection_id])[feed.connection_id])

    @extend_schema(request=None, responses=BackfillSerializer)
    @action(detail=True, methods=["post"])
    def pause(self, request: Request, pk: str) -> Response:
        """Take no further window; one under way is stored."""
        return self.steered(backfills.pause)

    @extend_schema(request=None, responses=BackfillSerializer)
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, pk: str) -> Response:
        """Go on where it stopped, with the window that failed if one did."""
        return self.steered(backfills.resume)

    @extend_schema(request=None, responses=BackfillSerializer)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        """End it; a worker that waits for an answer notices within seconds."""
        return self.steered(backfills.cancel, by=audit.signature())

    def steered(self, verb: Callable[..., Any], **more: Any) -> Response:
        try:
            verb(self.get_object(), **more)
        except backfills.NotPossible as error:
            raise ConflictError(str(error))
        return Response(BackfillSerializer(self.get_object()).data)
