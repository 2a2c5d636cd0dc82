"""Forms of customers."""

from __future__ import annotations

from django import forms

from crm.models import Customer


class CustomerForm(forms.ModelForm):
    class Meta:
        model = Customer
        fields = ("dealership", "kind", "name")
