"""What the sandbox sends for all job types becomes the same, however often and in whatever order it is adopted."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.apps import apps

from crm.models import Ownership
from dealers.models import Dealership, Event
from ingestion import adoption
from ingestion.adoption import ADOPTERS
from ingestion.job_types import JOB_TYPES
from ingestion.models import Adoption, Feed
from ingestion.sandbox.config import SandboxConfig
from ingestion.sandbox.world import World
from inventory.models import Vehicle
from sales.models import Deal, Registration, Scenario
from tests.ingestion.adoption.said import adopt
from tests.ingestion.roads import DEALER, Road, road_for

pytestmark = pytest.mark.django_db
NOW = datetime(2025, 11, 20, 7, 30, tzinfo=UTC)
CONFIG = SandboxConfig(now=lambda: NOW, volume=2, dealers=(DEALER,))
DAYS = timedelta(days=16)
OWN = ("inventory", "crm", "sales")

Said = dict[str, list[Any]]


@pytest.fixture(scope="module")
def said() -> Said:
    """By job type, all that a small dealer's gateway says of some weeks."""
    world, now = World(CONFIG), CONFIG.local_now()
    return {
        code: [document.record(shown) for document, shown in world.documents(job.module, [DEALER], now - DAYS, now)]
        for code, job in JOB_TYPES.items()
    }


def roads() -> dict[str, Road]:
    found = {code: road_for(code) for code in JOB_TYPES}
    Feed.objects.filter(job_type__in=ADOPTERS).update(adopts=True)
    Dealership.objects.update(language="en")
    return found


def everything() -> dict[str, list[Any]]:
    """Every row of what a dealership works with, versions included, and what was told of the records."""
    models = [model for app in OWN for model in apps.get_app_config(app).get_models()]
    found = {model._meta.label: list(model._base_manager.order_by("pk").values()) for model in models}
    told = ("job_type", "natural_key", "state", "made", "problems", "kept")
    found["told"] = list(Adoption.objects.order_by("pk").values(*told))
    found["done"] = [each for each in Event.objects.order_by("pk").values() if each["object_type"].startswith(OWN)]
    return found


def test_to_replay_every_job_type_twice_changes_nothing(said: Said) -> None:
    found = roads()
    assert len([code for code in JOB_TYPES if code != "spk_read"]) == 14
    for code, road in found.items():
        assert said[code], code
        road.arrive(*said[code])
    adopt()
    before = everything()
    assert Counter(Deal.objects.values_list("stage", flat=True))["delivered"] > 5
    for _ in range(2):
        for code, road in found.items():
            road.arrive(*said[code])
            if code in ADOPTERS:
                assert adoption.again(JOB_TYPES[code], road.feed.dealership)
        adopt()
        after = everything()
        assert [name for name in before if before[name] != after[name]] == []


def test_it_does_not_matter_which_job_type_comes_first(said: Said) -> None:
    for code, road in reversed(roads().items()):
        road.arrive(*said[code])
        adopt()
    refused = Adoption.objects.filter(state=Adoption.State.REFUSED).exclude(job_type="pkb")
    others = [each for each in refused if "is not here yet" not in " ".join(each.problems)]
    assert [(each.job_type, each.problems) for each in others] == []
    letters = {each["idSpk"] for each in said["spk_read"] if each["statusSPK"] != "4"}
    completed = [each for each in said["bast_read"] if each["statusDeliveryDocument"] == "4"]
    delivered = {each["detail"][0]["idSPK"] for each in completed} & letters
    financed = {each["idSPK"] for each in said["leasing"]} & letters
    in_registration = {each["idSPK"] for each in said["doch_read"]} & letters
    stages = Counter(Deal.objects.values_list("stage", flat=True))
    assert stages == {"delivered": len(delivered), "contracted": len(letters - delivered)}
    assert Scenario.objects.filter(is_chosen=True).exclude(lender="").count() == len(financed)
    assert Registration.objects.filter(kind="stnk").count() == len(in_registration)
    assert Ownership.objects.filter(until=None).count() == len(delivered)
    assert Vehicle.objects.filter(status="delivered").exclude(vin="").count() == len(delivered)
