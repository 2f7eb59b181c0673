"""Names of files are looked up once, and anew after they were collected."""

from __future__ import annotations

from django.core.files.base import ContentFile

from common.static_files import StaticFiles


def test_a_name_is_looked_up_once_and_anew_after_collecting(tmp_path, monkeypatch):
    files = StaticFiles(location=str(tmp_path), base_url="/static/")
    names = []
    for color in ("red", "blue"):
        files.delete("a.css")
        files.save("a.css", ContentFile(f"p {{ color: {color} }}".encode()))
        assert [done for *_, done in files.post_process({"a.css": (files, "a.css")})]
        names.append(files.url("a.css"))
    assert names[0] != names[1]
    assert all(name.startswith("/static/a.") for name in names)
    monkeypatch.setattr(files, "stored_name", None)
    assert files.url("a.css") == names[1]
