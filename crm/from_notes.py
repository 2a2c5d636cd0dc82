"""A lead from a raw text: what stands in it is suggested, a person confirms, and only then it is stored."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from config.backoffice.pages import ResourcePage
from crm import extraction
from crm.lead_resources import LEADS
from crm.models.lead import LONGEST_NOTES
from dealers.models import Dealership


class NotesForm(forms.Form):
    dealership = forms.ModelChoiceField(Dealership.objects.none(), label=_("dealership"))
    text = forms.CharField(
        label=_("text"),
        max_length=extraction.LONGEST,
        widget=forms.Textarea(attrs={"rows": 10}),
        help_text=_("A message, an e-mail, what you wrote down: paste it as it is."),
    )

    def __init__(self, *args: Any, user: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        field: Any = self.fields["dealership"]
        field.queryset = Dealership.objects.visible_to(user, "crm.lead:add").order_by("name")
        if len(only := field.queryset[:2]) == 1:
            field.initial, field.empty_label = only[0], None


class NotesPage(ResourcePage):
    """First the text, then a lead's form filled with what it tells; that form is sent to where any new lead is."""

    def dispatch(self, request: HttpRequest, *args: Any, **options: Any) -> Any:
        if request.user.is_authenticated and not self.resource.may(request.user, "add"):
            raise PermissionDenied
        return super().dispatch(request, *args, **options)

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.answer("crm/from_notes.html", form=NotesForm(user=request.user), crumbs=self.crumbs())

    def post(self, request: HttpRequest) -> HttpResponse:
        form = NotesForm(request.POST, user=request.user)
        if not form.is_valid():
            return self.answer("crm/from_notes.html", 422, form=form, crumbs=self.crumbs())
        dealership, text = form.cleaned_data["dealership"], form.cleaned_data["text"]
        found = extraction.suggest(text, dealership)
        notes = text[:LONGEST_NOTES]
        if notes != text:
            messages.warning(
                request,
                _("The notes hold %(most)s letters: the end of the text is left out.") % {"most": LONGEST_NOTES},
            )
        initial = found.initial() | {"dealership": dealership, "notes": notes, "source": "message"}
        return self.answer(
            "crm/from_notes_confirm.html",
            form=LEADS.form_for(request.user, "add", initial=initial),
            found=found,
            once=uuid4(),
            crumbs=self.crumbs(),
        )
