"""The drawn pages of docs/ say what the code says."""

from __future__ import annotations

from pathlib import Path

from kyosei.diagrams import data_model, states

DOCS = Path(__file__).resolve().parents[2] / "docs"


def test_data_model_is_up_to_date():
    assert (DOCS / "data-model.md").read_text() == data_model()


def test_states_are_up_to_date():
    assert (DOCS / "states.md").read_text() == states()


def test_no_state_is_a_refusal():
    assert not any(word in states() for word in ("辞退", "拒否", "declined", "rejected"))
