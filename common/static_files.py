"""The files of the pages: each is named by its hash, and the name is looked up once."""

from __future__ import annotations

from typing import Any

from whitenoise.storage import CompressedManifestStaticFilesStorage


class StaticFiles(CompressedManifestStaticFilesStorage):
    """A page names some twenty files, whose names stay what they are while the program runs."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._urls: dict[str, str] = {}

    def url(self, name: str | None, force: bool = False) -> str:
        if name is None or force:
            return str(super().url(name, force))
        found = self._urls.get(name)
        if found is None:
            found = self._urls[name] = str(super().url(name))
        return found

    def post_process(self, *args: Any, **kwargs: Any) -> Any:
        """Files are collected anew, under other names."""
        self._urls.clear()
        yield from super().post_process(*args, **kwargs)
        self._urls.clear()
