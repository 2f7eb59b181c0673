"""The environment variables of settings, .env.example and the operations page are the same ones."""

import re

from common.embedded.layout import PROJECT

ELSEWHERE = {"PORT", "PG_OS_USER", "PG_BINDIR", "KYOSEI_PROFILE", "POSTGRES_PASSWORD", "TLS_DIRECTORY"}
"""Read by the scripts, the embedded servers or docker-compose.yml instead of the settings."""


def names(path: str, pattern: str) -> set[str]:
    return set(re.findall(pattern, (PROJECT / path).read_text(), re.MULTILINE))


def test_env_example_equals_the_operations_page():
    assert names(".env.example", r"^#?([A-Z_]+)=") == names("docs/operations.md", r"^\| `([A-Z_]+)` \|")


def test_env_example_lists_every_setting():
    settings = names("kyosei/settings.py", r"env\.\w+\(\s*\"([A-Z_]+)\"")
    assert settings | ELSEWHERE == names(".env.example", r"^#?([A-Z_]+)=")


def test_requirement_files_name_no_registry_and_no_path():
    for file in ("run", "dev"):
        text = (PROJECT / f"requirements/{file}.txt").read_text()
        assert not re.search(r"://|file:|^--|^ *#", text, re.MULTILINE), file
        pins = re.findall(r"^\S.*$", text, re.MULTILINE)
        assert all(re.match(r"[\w.-]+(\[[\w,-]+\])?==\S+", pin) for pin in pins)
        assert text.count("--hash=sha256:") >= len(pins)
