"""書きかけ in the API: one's own, under the same versions as the pages."""

from __future__ import annotations

from typing import Any, cast
from uuid import uuid4

from django.db import transaction
from django.http import Http404
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import mixins, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.actor import Actor
from accounts.api_views import (
    IDEMPOTENCY,
    IF_MATCH,
    ScopedViewSet,
    TaggedRetrieveMixin,
    actor_of,
    if_match,
    sent_once,
    tagged,
)
from accounts.http import ActorRequest
from accounts.roles import Permission
from cases.actions.drafts import Page, forget_draft, save_draft
from cases.models import Draft
from cases.selectors.drafts import shown_title, title_of
from cases.views.drafts import HIDDEN, check_readable
from common.bodies import Body
from common.errors import RuleViolation
from common.models import check_version

FIELDS = {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}}


@extend_schema_field(FIELDS)
class FieldsField(serializers.Field):
    """The fields of a form as it would send them: name → values."""

    default_error_messages = {"invalid": "項目の名前ごとに、文字列の並びを送ってください。"}

    def to_internal_value(self, data: Any) -> dict[str, list[str]]:
        if not isinstance(data, dict) or not all(
            isinstance(values, list) and all(isinstance(value, str) for value in values)
            for values in data.values()
        ):
            self.fail("invalid")
        if any("\x00" in text for name, values in data.items() for text in (name, *values)):
            self.fail("invalid")
        return {name: values for name, values in data.items() if name not in HIDDEN}

    def to_representation(self, value: Any) -> Any:
        return value


class DraftLineSerializer(serializers.ModelSerializer):
    """One line of 書きかけ: which form, and where it is written on."""

    title = serializers.SerializerMethodField()
    page = serializers.CharField(source="url", read_only=True)

    def get_title(self, draft: Draft) -> str:
        return shown_title(draft.key, draft.title, hides=getattr(draft, "hides", False))

    class Meta:
        model = Draft
        fields = ("id", "key", "title", "page", "updated_at", "version")
        read_only_fields = fields


class DraftSerializer(serializers.ModelSerializer):
    """書きかけ, with its fields."""

    page = serializers.CharField(source="url", read_only=True)
    words = FieldsField(source="data", read_only=True)

    class Meta:
        model = Draft
        fields = ("id", "key", "title", "page", "updated_at", "version", "words")
        read_only_fields = fields


class NewDraftSerializer(Body):
    """``key`` names the form as the pages do (``note:K08-00012``), ``page`` the address where it is written on."""

    key = serializers.CharField(max_length=120)
    page = serializers.CharField(max_length=300)
    words = FieldsField()


class DraftWordsSerializer(Body):
    """All fields of the form."""

    words = FieldsField()


class DraftViewSet(mixins.ListModelMixin, TaggedRetrieveMixin, ScopedViewSet):
    """書きかけ: one's own, of forms whose record one still sees."""

    permission = (Permission.CASE_VIEW, Permission.CONSULTATION_RECEIVE)
    queryset = Draft.objects.none()
    serializer_class = DraftSerializer
    cursor_order = ("-updated_at", "-pk")

    def scope(self, actor: Actor) -> Any:
        return Draft.objects.visible_to(actor).with_hides(actor)

    def get_serializer_class(self) -> Any:
        return DraftLineSerializer if self.action == "list" else DraftSerializer

    def get_object(self) -> Draft:
        draft: Draft = super().get_object()
        check_readable(cast(ActorRequest, self.request._request), draft)
        return draft

    @extend_schema(parameters=[IDEMPOTENCY], request=NewDraftSerializer, responses={201: DraftSerializer})
    def create(self, request: Request) -> Response:
        """Begin one. Where one stands under the key with other words, nothing is written: 412 with its version."""
        form = NewDraftSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        said = form.validated_data
        with sent_once(request, timezone.now()):
            draft = self._keep(request, said["key"], said["page"], said["words"])
        return tagged(self.get_serializer(draft).data, draft, status.HTTP_201_CREATED)

    @extend_schema(parameters=[IF_MATCH], request=DraftWordsSerializer, responses=DraftSerializer)
    def update(self, request: Request, pk: str) -> Response:
        """Write on: all fields, on the version that was read. The same words again change nothing."""
        draft, version = self.get_object(), if_match(request)
        form = DraftWordsSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        base = f"{draft.pk}.{version}"
        draft = self._keep(request, draft.key, draft.url, form.validated_data["words"], base)
        return tagged(self.get_serializer(draft).data, draft)

    @extend_schema(parameters=[IF_MATCH], responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        """Throw it away, as it was read."""
        draft, version = self.get_object(), if_match(request)
        with transaction.atomic():
            draft = (
                Draft.objects.visible_to(actor_of(request)).select_for_update(of=("self",)).get(pk=draft.pk)
            )
            check_version(draft, version)
            forget_draft(key=draft.key, actor=actor_of(request))
        return Response(status=status.HTTP_204_NO_CONTENT)

    @transaction.atomic
    def _keep(
        self, request: Request, key: str, page: str, fields: dict[str, list[str]], base: str = ""
    ) -> Draft:
        actor = actor_of(request)
        draft = save_draft(
            key=key, title=title_of(key, fields), url=page, data=fields, actor=actor, at=timezone.now(),
            page=Page(base, (f"api:{uuid4().hex}",)),
        )  # fmt: skip
        if draft is None:
            raise RuleViolation("この書式は、この内容でもう保存されています。")
        if not Draft.objects.visible_to(actor).filter(pk=draft.pk).exists():
            raise Http404
        return draft
