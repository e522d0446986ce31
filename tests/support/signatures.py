"""The two signatures of a delivery, checked as receivers do it: with the standard library, openssl and a library."""

import base64
import hashlib
import hmac
import shutil
import subprocess

from standardwebhooks import Webhook as StandardVerifier

from tests.support.webhook_receiver import Delivery


def is_signed(delivery: Delivery, secret: str) -> bool:
    """Whether both signatures of a delivery are made with this secret."""
    return _is_signed_as_documented(delivery, secret) and _is_signed_by_the_standard(delivery, secret)


def openssl_hmac(delivery: Delivery, secret: str) -> str:
    """What openssl makes of the body and the secret, to be compared with ``X-Noko-Signature``."""
    openssl = shutil.which("openssl")
    assert openssl is not None, "openssl is not installed"
    done = subprocess.run(
        [openssl, "dgst", "-sha256", "-hmac", secret, "-r"], input=delivery.body, capture_output=True, check=True
    )
    return done.stdout.split()[0].decode()


def verify_with_library(delivery: Delivery, secret: str) -> None:
    """Let the public library check a delivery; raises what it raises.

    It also checks the time of the attempt against the clock of this machine, so the clock must not be a fake one.
    """
    StandardVerifier(secret).verify(delivery.body, delivery.headers)


def _is_signed_as_documented(delivery: Delivery, secret: str) -> bool:
    expected = hmac.new(secret.encode(), delivery.body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected, delivery.headers["x-noko-signature"])


def _is_signed_by_the_standard(delivery: Delivery, secret: str) -> bool:
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = b".".join(
        [delivery.headers["webhook-id"].encode(), delivery.headers["webhook-timestamp"].encode(), delivery.body]
    )
    expected = "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
    return hmac.compare_digest(expected, delivery.headers["webhook-signature"])
