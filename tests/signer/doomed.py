"""A signer that dies by kill -9 in its next signature: after the key is open, or after the signature is made."""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from app.gateways.signing import SoftwareSigner
from tests.signer.process import serve

NOTE = Path("doom")
MOMENTS = {"unlocked": "_unlock", "signed": "sign_digest"}


def die_after(moment: str, act: Callable[..., Any]) -> Callable[..., Any]:
    def doomed(*args: Any, **kwargs: Any) -> Any:
        done = act(*args, **kwargs)
        if NOTE.exists() and NOTE.read_text() == moment:
            NOTE.unlink()
            os.kill(os.getpid(), signal.SIGKILL)
        return done

    return doomed


if __name__ == "__main__":
    for moment, name in MOMENTS.items():
        setattr(SoftwareSigner, name, die_after(moment, getattr(SoftwareSigner, name)))
    sys.exit(serve())
