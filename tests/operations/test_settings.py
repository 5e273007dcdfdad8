"""A setting that is no address of its kind ends every program with one sentence that names it, and not its value."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.settings import NotReady, require_addresses

ROOT = Path(__file__).parents[2]
SOUND = {
    "SQLALCHEMY_DATABASE_URI": "postgresql+psycopg://ecab_app@host/ecabinet", "REDIS_URL": "", "S3_ENDPOINT": "",
    "PUBLIC_URL": "https://hop.chinhphu.vn", "PKI_URL": "", "TSA_URL": "",
}  # fmt: skip
SECRET = "geheim"
PROGRAMS = {
    "web": [sys.executable, "run.py"],
    "commands": [sys.executable, "-m", "flask", "--app", "run:app", "doctor"],
    "rq": [sys.executable, "-m", "app.rq_worker", "signing"],
    "celery": [sys.executable, "-m", "celery", "-A", "app.celery_app", "worker"],
    "realtime": [sys.executable, "-m", "app.realtime.serve", "--port", "1"],
}  # fmt: skip


def test_sound_addresses_are_taken():
    require_addresses(SOUND)
    require_addresses(SOUND | {"REDIS_URL": "rediss://user:p@host:6379/0", "S3_ENDPOINT": "http://127.0.0.1:9000"})


@pytest.mark.parametrize(
    ("setting", "value", "named"),
    [
        ("SQLALCHEMY_DATABASE_URI", SECRET, "ECABINET_DATABASE"),
        ("SQLALCHEMY_DATABASE_URI", f"postgres://u:{SECRET}@host/name", "ECABINET_DATABASE"),
        ("REDIS_URL", f"{SECRET}:6379", "ECABINET_REDIS"),
        ("REDIS_URL", f"redis://u:{SECRET}@host:port", "ECABINET_REDIS"),
        ("REDIS_URL", f"http://{SECRET}", "ECABINET_REDIS"),
        ("REDIS_URL", "redis://", "ECABINET_REDIS"),
        ("S3_ENDPOINT", f"{SECRET}.example", "ECABINET_S3_ENDPOINT"),
        ("PKI_URL", f"{SECRET}.gov.vn", "ECABINET_PKI"),
        ("PUBLIC_URL", f"{SECRET}.gov.vn", "ECABINET_PUBLIC_URL"),
        ("PUBLIC_URL", f"https://{SECRET}:99999", "ECABINET_PUBLIC_URL"),
    ],
)
def test_what_is_no_address_is_named_and_not_repeated(setting, value, named):
    with pytest.raises(NotReady, match=f"^{named} ") as refused:
        require_addresses(SOUND | {setting: value})
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize(
    ("program", "setting", "value"),
    [
        ("web", "ECABINET_STORAGE", f"ftp://{SECRET}"),
        ("web", "ECABINET_PROXIES", "two"),
        ("commands", "ECABINET_STORAGE", "s3://"),
        ("rq", "ECABINET_SMS_URL", SECRET),
        ("celery", "ECABINET_SMTP", SECRET),
        ("celery", "ECABINET_REDIS", SECRET),
        ("realtime", "ECABINET_REDIS", SECRET),
    ],
)
def test_a_program_ends_with_one_sentence(tmp_path, program, setting, value):
    surroundings = {
        "PATH": os.environ["PATH"], "ECABINET_VAR": str(tmp_path), "ECABINET_SECRET_KEY": "s" * 40,
        "ECABINET_REDIS": "redis://127.0.0.1:1/0", setting: value,
    }  # fmt: skip
    ended = subprocess.run(
        PROGRAMS[program], cwd=ROOT, env=surroundings, capture_output=True, text=True, timeout=120, check=False
    )
    said = ended.stderr.strip().splitlines()
    assert ended.returncode != 0
    assert len(said) == 1, ended.stderr
    assert setting in said[0]
    assert SECRET not in said[0]
