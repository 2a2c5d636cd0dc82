"""Leasing applications (`lsng`) become the finance of deals."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from ingestion.adoption import Outcome, adopts, orders
from ingestion.models import Adoption
from ingestion.naming import saying
from sales import told
from sales.models import Deal, Scenario
from sales.told import Loan


@adopts("leasing")
def lend(application: Any, outcome: Outcome) -> None:
    """The deal's finance as it was granted: a revision of its contract. Finance that people wrote stays."""
    loan = loan_of(application)
    going = orders.deals_going(application.dealership, application.id_spk)
    if len(going) > 1:
        raise ValidationError(
            _("Its order letter has %(count)s deals, and nobody can tell whose finance it is.") % {"count": len(going)}
        )
    deal, chosen = going[0], going[0].chosen
    outcome.became(deal)
    if chosen is None or deal.stage not in Deal.BINDING:
        raise ValidationError(
            _("Deal %(number)s is %(stage)s: its finance is written once it is contracted.")
            % {"number": deal.number, "stage": deal.get_stage_display()}
        )
    writers = written_by(application, chosen)
    if any(made_at(each) > made_at(application) for each in writers):
        return  # a later one of the same letter holds
    wanted = told.finance_of(chosen, loan)
    here = {name: getattr(chosen, name) for name in wanted}
    if here != wanted and (chosen.term is None or writers):
        outcome.became(told.financed(deal, loan))
    elif here != wanted:
        names = ("lender", "term", "down_payment", "rate")
        outcome.keep(
            deal, {name: (shown(here[name]), shown(wanted[name])) for name in names if here[name] != wanted[name]}
        )
    elif writers:
        outcome.became(chosen)


def written_by(application: Any, chosen: Scenario) -> list[Any]:
    """The applications of the same letter that the deal's finance was made of; none if people wrote it."""
    model = type(application)
    named: Any = saying(model, "id_spk", [application.id_spk])
    same = {each.pk: each for each in model.objects.filter(named, dealership=application.dealership)}
    made = Adoption.objects.filter(
        dealership=application.dealership,
        job_type="leasing",
        record_id__in=same,
        made__contains=[[Scenario._meta.label_lower, chosen.pk]],
    )
    return [same[pk] for pk in made.values_list("record_id", flat=True)]


def made_at(application: Any) -> tuple[date, datetime, str]:
    """By what the last of several applications is told: the day of its purchase order, then when it was written."""
    never = datetime.min.replace(tzinfo=UTC)
    return (
        application.tanggal_pembuatan_po or date.min,
        application.modified_time or never,
        application.id_dokumen_pengajuan,
    )


def shown(value: Any) -> str:
    return orders.plain(value) if isinstance(value, Decimal) else str(value)


def loan_of(application: Any) -> Loan:
    """What it grants. Raises ValidationError for one that does not say all of it."""
    lender = application.nama_finance_company or application.id_finance_company
    said = {
        _("finance company"): lender,
        _("tenor in months"): application.tenor,
        _("instalment"): application.jumlah_cicilan,
    }
    if missing := [name for name, value in said.items() if not value]:
        raise ValidationError(_("It does not say: %(names)s.") % {"names": ", ".join(missing)})
    return Loan(
        lender=lender,
        term=application.tenor,
        instalment=application.jumlah_cicilan,
        down_payment=application.jumlah_dp or Decimal(0),
    )
