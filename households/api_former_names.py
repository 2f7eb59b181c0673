"""以前の氏名 in the API: read, noted and taken back from the person, as on their page."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api_views import (
    IDEMPOTENCY,
    IF_MATCH,
    ListPages,
    ScopedViewSet,
    actor_of,
    done_once,
    if_match_tag,
    tagged,
)
from common.bodies import Body, TagField, refuse_body
from common.errors import RuleViolation
from households.actions.former_names import FormerNameData, add_former_name, remove_former_name
from households.enums import FormerNameKind
from households.models import FormerName
from households.serializers import ShieldedSerializer


class FormerNameSerializer(ShieldedSerializer):
    """旧姓・以前の名, and when and why it changed, as far as is known."""

    etag = TagField()

    def household_of(self, row: FormerName) -> int | None:
        return None

    def to_representation(self, instance: FormerName) -> dict[str, Any]:
        data = super().to_representation(instance)
        return data | {"reason": self.shield.of_person(data["reason"], instance.person_id)}

    class Meta:
        model = FormerName
        fields = (
            "id", "family_name", "given_name", "family_kana", "given_kana", "kind", "reason", "from_on", "until_on", "etag",
        )  # fmt: skip
        read_only_fields = fields


class NewFormerNameSerializer(Body):
    """One former name; ``given_name`` only where it changed too."""

    family_name = serializers.CharField(max_length=60, default="", allow_blank=True)
    given_name = serializers.CharField(max_length=60, default="", allow_blank=True)
    family_kana = serializers.CharField(max_length=60, default="", allow_blank=True)
    given_kana = serializers.CharField(max_length=60, default="", allow_blank=True)
    kind = serializers.ChoiceField(choices=FormerNameKind.choices, default=FormerNameKind.OTHER)
    reason = serializers.CharField(max_length=200, default="", allow_blank=True)
    from_on = serializers.DateField(allow_null=True, default=None)
    until_on = serializers.DateField(allow_null=True, default=None)


class FormerNameActions(ScopedViewSet):
    """What the view set of people has of former names."""

    @extend_schema(methods=["GET"], responses=FormerNameSerializer(many=True), filters=False)
    @extend_schema(
        methods=["POST"], parameters=[IDEMPOTENCY], request=NewFormerNameSerializer, responses={201: FormerNameSerializer}
    )  # fmt: skip
    @action(detail=True, methods=["get", "post"], url_path="former-names", pagination_class=ListPages)
    def former_names(self, request: Request, pk: str) -> Response:
        """以前の氏名: people are found by them. The same name again is the one that stands."""
        person, actor, at = self.get_object(), actor_of(request), timezone.now()
        rows: Any = FormerName.objects.visible_to(actor).filter(person=person).order_by("pk")
        context = self.get_serializer_context()
        if request.method != "POST":
            return self.paged(rows, FormerNameSerializer, **context)
        form = NewFormerNameSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        data = FormerNameData(**form.validated_data)
        with done_once(request, at) as is_new:
            if is_new:
                row = add_former_name(person=person, data=data, actor=actor, at=at)
            else:
                row = rows.filter(**data.name).first()
                if row is None:
                    raise RuleViolation("この氏名は、記録したあとで消されています。")
        return tagged(FormerNameSerializer(row, context=context).data, row, status.HTTP_201_CREATED)

    @extend_schema(
        parameters=[OpenApiParameter("former", int, OpenApiParameter.PATH), IF_MATCH, IDEMPOTENCY],
        request=None, responses={204: None},
    )  # fmt: skip
    @action(detail=True, methods=["post"], url_path=r"former-names/(?P<former>[0-9]{1,18})/remove")
    def former_name_remove(self, request: Request, pk: str, former: str) -> Response:
        """A name that was noted by mistake; the history keeps it. Sent again under its key it stays removed."""
        person, actor, at = self.get_object(), actor_of(request), timezone.now()
        with done_once(request, at) as is_new:
            if is_new:
                own = FormerName.objects.visible_to(actor).filter(person=person).select_related("person")
                row = own.filter(pk=int(former)).first()
                if row is None:
                    raise Http404
                tag = if_match_tag(request)
                refuse_body(request)
                remove_former_name(former=row, actor=actor, at=at, tag=tag)
        return Response(status=status.HTTP_204_NO_CONTENT)
