"""Correcting a consultation: the work record follows while its month is open."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from accounts.actor import Actor
from audit.actions import record
from cases.actions.receive_consultation import ContactData, check_contact, find_concerns, proposed_sectors
from cases.actions.text_index import index_text
from cases.models import Consultation, ConsultationConcern
from cases.signals import contact_recorded
from common.errors import NotAllowed
from common.models import check_version


@dataclass(frozen=True, slots=True)
class Correction:
    """The fields of a contact that may be corrected; person, case and outcome stay."""

    contact: ContactData
    version: int


@transaction.atomic
def edit_consultation(
    *, consultation: Consultation, correction: Correction, actor: Actor, at: datetime
) -> Consultation:
    """The receiver's own agency corrects what it wrote; StaleRecord when somebody saved in between."""
    consultation = (
        Consultation.objects.visible_to(actor).select_for_update(of=("self",)).get(pk=consultation.pk)
    )
    if consultation.agency_id != actor.agency_id:
        raise NotAllowed("受け付けた機関だけが訂正できます。")
    check_version(consultation, correction.version)
    data = correction.contact
    check_contact(data, at)
    codes = find_concerns(data)
    for name in (
        "started_at", "minutes", "way", "caller", "caller_name", "caller_phone", "caller_relation", "consent"
    ):  # fmt: skip
        setattr(consultation, name, getattr(data, name))
    consultation.text = data.text.strip()
    consultation.sectors = sorted({*data.sectors}) or proposed_sectors(list(codes.values()))
    consultation.save()
    index_text(consultation)
    ConsultationConcern.objects.filter(consultation=consultation).delete()
    ConsultationConcern.objects.bulk_create(
        ConsultationConcern(
            consultation=consultation, code=code, is_most_pressing=code.code == data.most_pressing
        )
        for code in codes.values()
    )
    record(actor=actor, action="consultation.edit", target=consultation, at=at)
    contact_recorded.send(Consultation, record=consultation, actor=actor, at=at)
    return consultation
