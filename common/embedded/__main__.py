"""`python -m common.embedded start|stop|status [--profile run|test|bench]`."""

import argparse
import os
import sys

from common.embedded import EmbeddedError, ensure_services, layout_for, postgres, redis_server, stop_services
from common.embedded.layout import POSTGRES_OPTIONS


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m common.embedded", description=__doc__)
    parser.add_argument("action", choices=["start", "stop", "status"])
    parser.add_argument("--profile", choices=list(POSTGRES_OPTIONS), default="run")
    options = parser.parse_args()
    try:
        return _act(options.action, options.profile)
    except EmbeddedError as error:
        sys.stderr.write(f"{error}\n")
        return 1


def _act(action: str, profile: str) -> int:
    if action == "start":
        ensure_services(profile=profile)
        _say(f"DATABASE_URL={os.environ['DATABASE_URL']}\nREDIS_URL={os.environ['REDIS_URL']}")
    elif action == "stop":
        _say("stopped: " + (", ".join(stop_services(profile)) or "nothing ran"))
    else:
        layout = layout_for(profile)
        running = {"postgresql": postgres.is_running(layout), "redis": redis_server.is_running(layout)}
        for name, is_up in running.items():
            _say(f"{name}: {'running' if is_up else 'stopped'}")
        return 0 if all(running.values()) else 3
    return 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())
