"""Imports look down (import-linter checks them); a foreign key by string is an import in disguise."""

from __future__ import annotations

import ast
import weakref

from django.apps import apps

from tests.architecture.sources import LEVEL, ROOT, is_surface, python_files, tree, where


def test_no_foreign_key_looks_up():
    wrong = []
    for model in apps.get_models():
        own = LEVEL.get(model._meta.app_label)
        if own is None:
            continue
        for field in model._meta.get_fields():
            if not field.is_relation or field.auto_created or field.related_model is None:
                continue
            other = LEVEL.get(field.related_model._meta.app_label)
            if other is not None and other > own:
                wrong.append(f"{model.__name__}.{field.name} → {field.related_model.__name__}")
    assert wrong == []


def test_state_is_set_only_in_actions():
    found = [
        where(path, node)
        for path in python_files()
        if "actions" not in path.parts
        for node in ast.walk(tree(path))
        if isinstance(node, (ast.Assign, ast.AnnAssign))
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Attribute)
        and target.attr == "state"
        and getattr(target.value, "id", "") != "self"
    ]
    assert found == []


def test_no_post_save_and_no_implicit_order():
    text = {p: p.read_text() for p in python_files()}
    assert [str(p) for p, t in text.items() if "post_save" in t or "pre_save" in t] == []
    assert [m.__name__ for m in apps.get_models() if m._meta.app_label in LEVEL and m._meta.ordering] == []


def test_rules_do_not_read_the_clock():
    """Models, permissions and pure rules get ``at`` from outside."""
    quiet = ("models", "permissions", "workflow", "attribution", "apportionment", "allocation")
    found = [
        where(path, node)
        for path in python_files()
        if not is_surface(path)
        and any(part.removesuffix(".py") in quiet for part in path.relative_to(ROOT).parts)
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and (
            (node.func.attr in {"now", "localdate", "localtime"} and not node.args)
            or (node.func.attr == "today")
        )
    ]
    assert found == []


def _receiver_name(receiver: object) -> str:
    """A receiver is kept as a function or as a weak reference to one."""
    function = receiver() if isinstance(receiver, weakref.ReferenceType) else receiver
    return getattr(function, "__qualname__", "?")


def test_signal_receivers_are_known():
    """A low event with high effects goes through a declared signal; these are all that listen."""
    from cases import signals as case_signals
    from referrals import signals as referral_signals

    listening = {
        name: sorted(_receiver_name(entry[1]) for entry in signal.receivers)
        for module in (case_signals, referral_signals)
        for name, signal in vars(module).items()
        if hasattr(signal, "receivers")
    }
    assert listening == {
        "contact_recorded": ["begin_with_contact", "derive_from_contact"],
        "case_closing": ["refuse_closing_with_waiting_referrals"],
        "case_opened": [],
        "case_sectors_changed": [],
        "conference_closed": ["derive_from_conference"],
        "referral_answered": [],
    }
