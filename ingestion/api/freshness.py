"""The endpoint that says how fresh every feed is."""

from __future__ import annotations

from typing import Any

from django.db.models import Case, Count, F, OuterRef, Q, QuerySet, Subquery, When
from django.db.models.functions import Coalesce, JSONObject
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers, viewsets

from config.backoffice.api import BackofficeView
from config.backoffice.filters import StrictFilterBackend
from ingestion.api.records import OffsetMoment
from ingestion.filters import FreshnessFilters
from ingestion.freshness import last_run_of_feed, words_of
from ingestion.models import Feed, QuarantinedRecord, Run


class LastRunSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    state = serializers.ChoiceField(Run.State.choices)
    error = serializers.CharField()


class UnfinishedRunSerializer(serializers.Serializer):
    id = serializers.IntegerField(source="unfinished_id")
    state = serializers.ChoiceField(Run.State.choices, source="unfinished_state")
    queued_at = OffsetMoment(source="unfinished_since")


class BreakerSerializer(serializers.Serializer):
    open = serializers.SerializerMethodField(help_text="Whether the connection is left alone.")
    since = OffsetMoment(source="left_alone_since", allow_null=True)
    reason = serializers.CharField(source="left_alone_because")

    def get_open(self, feed: Any) -> bool:
        return feed.left_alone_since is not None


class FreshnessSerializer(serializers.Serializer):
    """A feed and how fresh its records are."""

    id = serializers.IntegerField(read_only=True)
    dealer = serializers.CharField(source="dealership.code", read_only=True, help_text="Dealer code.")
    job = serializers.CharField(source="job_type", read_only=True)
    main_dealer = serializers.CharField(read_only=True)
    state = serializers.ChoiceField(Feed.State.choices, source="freshness", read_only=True)
    words = serializers.SerializerMethodField(help_text="Why it is in this state.")
    last_success = OffsetMoment(source="succeeded_at", read_only=True, allow_null=True)
    lag_seconds = serializers.SerializerMethodField(help_text="From the moment fetched up to until now.")
    next_run = OffsetMoment(source="due", read_only=True, allow_null=True)
    last_run = serializers.SerializerMethodField(help_text="The last live run, ended or not.")
    failures = serializers.IntegerField(read_only=True, help_text="Failed runs in a row.")
    unfinished = serializers.SerializerMethodField(help_text="The live run that waits or is under way.")
    quarantined = serializers.IntegerField(read_only=True, help_text="Records that wait in quarantine.")
    breaker = BreakerSerializer(source="*", read_only=True)

    def get_words(self, feed: Any) -> str:
        return words_of(feed)

    def get_lag_seconds(self, feed: Any) -> float | None:
        return None if feed.lag is None else round(feed.lag.total_seconds(), 1)

    @extend_schema_field(LastRunSerializer(allow_null=True))
    def get_last_run(self, feed: Any) -> Any:
        return feed.last_run

    @extend_schema_field(UnfinishedRunSerializer(allow_null=True))
    def get_unfinished(self, feed: Any) -> Any:
        return None if feed.unfinished_id is None else UnfinishedRunSerializer(feed).data


class FreshnessViewSet(BackofficeView, viewsets.ReadOnlyModelViewSet):
    """Feeds: how fresh the records of each dealership and job type are, or why they are not."""

    queryset = Feed.objects.none()
    serializer_class = FreshnessSerializer
    filter_backends = [StrictFilterBackend]
    filterset_class = FreshnessFilters
    ordering_fields = ["id", "cursor", "succeeded_at", "next_slot", "failures"]
    ordering = "id"
    lookup_value_regex = r"\d+"

    def get_queryset(self) -> QuerySet[Feed]:
        """With all that a page shows, so that a page is one query."""
        same_feed = {"dealership": OuterRef("dealership"), "job_type": OuterRef("job_type")}
        waiting = QuarantinedRecord.objects.waiting().filter(**same_feed).order_by().values("job_type")
        last_run = last_run_of_feed().values(found=JSONObject(id="pk", state="state", error="error"))
        return (
            Feed.objects.with_freshness()
            .visible_to(self.request.user)
            .select_related("dealership")
            .annotate(
                due=Case(When(~Q(freshness=Feed.State.OFF), then=F("next_slot"))),
                last_run=Subquery(last_run[:1]),
                quarantined=Coalesce(Subquery(waiting.annotate(count=Count("pk")).values("count")), 0),
            )
        )
