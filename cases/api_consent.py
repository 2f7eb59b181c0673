"""同意 in the API: answers, one more of them, and the withdrawal that ends what was opened by one."""

from __future__ import annotations

from typing import Any, cast

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access import scoped_get
from accounts.actor import Actor
from accounts.api_views import (
    IDEMPOTENCY,
    IF_MATCH,
    ScopedViewSet,
    TaggedRetrieveMixin,
    actor_of,
    done_once,
    if_match,
    sent_once,
    tagged,
)
from accounts.http import ActorRequest
from accounts.models import Agency
from accounts.roles import Permission
from cases.actions.consent import ConsentData, record_consent, withdraw_consent
from cases.models import Case
from cases.serializers_consent import ConsentSerializer, ConsentWithdrawalSerializer, NewConsentSerializer
from common.errors import RuleViolation
from households.models import Consent, without_search


class ConsentViewSet(mixins.ListModelMixin, TaggedRetrieveMixin, ScopedViewSet):
    """同意 of the people of the households that the actor sees, those of today first."""

    permission = Permission.CASE_VIEW
    queryset = Consent.objects.none()
    serializer_class = ConsentSerializer
    filterset_fields = ("household", "person", "state")
    cursor_order = ("-given_on", "-pk")

    def scope(self, actor: Actor) -> Any:
        rows = Consent.objects.visible_to(actor).select_related("person", "explained_by")
        return rows.defer(*without_search("person")).prefetch_related("agencies")

    def _one(self, row: Consent, code: int = status.HTTP_200_OK) -> Response:
        """The row as it is read; nothing of it to who saw the household by this very yes."""
        read = self.scope(actor_of(self.request)).filter(pk=row.pk).first()
        if read is None:
            return Response(status=status.HTTP_204_NO_CONTENT)
        return tagged(self.get_serializer(read).data, read, code)

    @extend_schema(parameters=[IDEMPOTENCY], request=NewConsentSerializer, responses={201: ConsentSerializer})
    def create(self, request: Request) -> Response:
        """A yes opens nothing by itself: a referral or a conference rests on it."""
        form = NewConsentSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        data, actor, at = dict(form.validated_data), actor_of(request), timezone.now()
        http = cast(ActorRequest, request._request)
        case = scoped_get(Case.objects.visible_to(actor), http, log=None, number=data.pop("case"))
        agencies = _agencies(data.pop("agencies"), actor)
        said = ConsentData(**data | {"kinds": tuple(data["kinds"])}, agencies=agencies)
        with sent_once(request, at) as key:
            row = record_consent(case=case, data=said, actor=actor, at=at, request_key=key)
        return self._one(row, status.HTTP_201_CREATED)

    @extend_schema(
        parameters=[IF_MATCH, IDEMPOTENCY], request=ConsentWithdrawalSerializer,
        responses={200: ConsentSerializer, 204: None},
    )  # fmt: skip
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: str) -> Response:
        """撤回: whoever saw the case by this yes loses it at once."""
        row, version, at = self.get_object(), if_match(request), timezone.now()
        form = ConsentWithdrawalSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        with done_once(request, at) as is_new:
            if is_new:
                withdraw_consent(
                    consent=row, version=version, actor=actor_of(request), at=at, **form.validated_data
                )
        return self._one(row)


def _agencies(codes: list[str], actor: Actor) -> tuple[Agency, ...]:
    """Agencies of today that have a desk, as the page offers them."""
    rows = Agency.objects.visible_to(actor).with_desk().active_on(timezone.localdate()).filter(code__in=codes)
    known = {agency.code: agency for agency in rows}
    if set(codes) - set(known):
        raise RuleViolation("伝えてよい機関が見つかりません。", field="agencies")
    return tuple(known[code] for code in dict.fromkeys(codes))
