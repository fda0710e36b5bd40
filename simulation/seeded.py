"""What makes a run follow from its seed: chance in the packages, and what an isolate remembers of runs before."""

import secrets
from base64 import urlsafe_b64encode
from random import Random

import pytest
from mixed_builds import patch_builds

__all__ = ["seed_packages"]


def seed_packages(patch: pytest.MonkeyPatch, random: Random) -> None:
    """Have chance in the packages come from ``random``."""
    patch.setattr(secrets, "randbits", random.getrandbits)
    patch.setattr(secrets, "randbelow", random.randrange)
    patch.setattr(secrets, "token_bytes", random.randbytes)
    patch.setattr(secrets, "token_urlsafe", lambda size: urlsafe_b64encode(random.randbytes(size)).decode().rstrip("="))
    patch_builds(patch, "engine_do.durable.entrypoint._compared", {})
