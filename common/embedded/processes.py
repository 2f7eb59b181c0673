"""Processes as the kernel shows them. A dead process that nobody has reaped yet (a zombie) counts as gone."""

from pathlib import Path


def start_time(pid: int) -> int | None:
    """When the process started, in clock ticks since boot; None if it is gone or a zombie.

    A pid is used again sooner or later: pid and start time together name one process.
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else int(fields[19])


def command_line(pid: int) -> list[str]:
    """The arguments of a process; empty if it is gone or a zombie."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").rstrip("\0").split("\0")
    except OSError:
        return []


def naming(word: str, *, program: str) -> list[int]:
    """The processes whose program name begins with `program` and whose arguments or title hold `word`."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        arguments = command_line(int(entry.name))
        named = arguments and arguments[0].split(":")[0].rpartition("/")[2].startswith(program)
        if named and any(word in argument for argument in arguments) and start_time(int(entry.name)):
            found.append(int(entry.name))
    return found
