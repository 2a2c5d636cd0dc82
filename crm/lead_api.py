"""What a raw text tells of a lead, for programs; nothing is stored."""

from __future__ import annotations

from typing import Any

from django.urls import path
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from config.backoffice.api import BackofficeView
from config.backoffice.bodies import Text, Whole
from crm import extraction
from dealers.access import Access
from dealers.models import Dealership


class SuggestRequest(serializers.Serializer):
    dealership = Whole(min_value=1, max_value=2**63 - 1, help_text="Where the lead would be.")
    text = Text(max_length=extraction.LONGEST)


class SuggestionSerializer(serializers.Serializer):
    field = serializers.ChoiceField(choices=extraction.FIELDS)
    value = serializers.CharField(help_text="As the lead's form takes it; of `vehicles` an id.")
    label = serializers.CharField(source="words", help_text="In words.")  # type: ignore[assignment]
    confidence = serializers.FloatField(min_value=0, max_value=1)
    start = serializers.IntegerField(min_value=0, help_text="Of the first character in the text, from 0.")
    end = serializers.IntegerField(min_value=0, help_text="After the last one.")


class SuggestView(BackofficeView):
    """Fields of a lead as a raw text tells them, the surest first. Nothing is stored."""

    permission_classes = [Access]
    acts_with = "crm.lead:add"
    serializer_class = SuggestionSerializer

    @extend_schema(
        operation_id="lead_suggest", request=SuggestRequest, responses=SuggestionSerializer(many=True), tags=["leads"]
    )
    def post(self, request: Request) -> Response:
        body = SuggestRequest(data=request.data)
        body.is_valid(raise_exception=True)
        asked: dict[str, Any] = body.validated_data
        dealership = Dealership.objects.visible_to(request.user, self.acts_with).filter(pk=asked["dealership"]).first()
        if dealership is None:
            raise ValidationError({"dealership": [_("There is no such dealership in which you may add leads.")]})
        found = extraction.suggest(asked["text"], dealership).found
        return Response(SuggestionSerializer(found, many=True).data)


urlpatterns = [path("leads/suggest/", SuggestView.as_view(), name="lead-suggest")]
