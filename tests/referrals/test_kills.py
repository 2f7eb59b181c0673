"""kill -9 of web, worker and beat, and a broker that is gone: everything is there exactly once (see kills.py)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
KILLS = int(os.environ.get("KYOSEI_KILLS", "8"))
REDIS_DOWN = float(os.environ.get("KYOSEI_REDIS_DOWN", "3"))


@pytest.mark.slow
def test_whatever_is_killed_every_notice_and_rise_is_there_once(record_property):
    run = subprocess.run(
        [
            sys.executable,
            "-m",
            "tests.referrals.kills",
            "--kills",
            str(KILLS),
            "--redis-down",
            str(REDIS_DOWN),
        ],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-3000:]
    found = json.loads(run.stdout.splitlines()[-1])
    assert found["wrong"] == []
    assert sum(found["kills"].values()) == KILLS
    assert found["conferences"] == KILLS // 4
    assert found["requests"] == 1 + KILLS - found["conferences"] + found["sent_without_redis"]
    assert found["sent_without_redis"] > 0
    record_property(
        "figure",
        f"kill -9: {KILLS} kills ({', '.join(f'{n} {kind}' for kind, n in found['kills'].items())}) and "
        f"{REDIS_DOWN:.0f} s without Redis over {found['requests']} requests and "
        f"{found['conferences']} ends of conferences: every send, chase, rise, notice and closing once",
    )
