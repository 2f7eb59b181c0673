"""The form of the register's file."""

from __future__ import annotations

from django import forms

from common.forms import KyoseiForm, WarekiMonthField
from households.register_file import MAX_BYTES


class RegisterFileForm(KyoseiForm):
    month = WarekiMonthField(
        label="届出の月", help_text="ファイルの届出日がすべてこの月でないと、取り込みません"
    )
    file = forms.FileField(
        label="住民異動のCSV",
        help_text="UTF-8かシフトJIS。見つかった人の異動だけを使い、ほかの人の行は残しません",
    )

    def clean_file(self) -> object:
        file = self.cleaned_data["file"]
        if file.size > MAX_BYTES:
            raise forms.ValidationError("ファイルが大きすぎます（20MBまで）。")
        return file
