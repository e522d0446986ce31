"""Verify the two signatures of a delivery as receivers do: by hand, with OpenSSL and with ``standardwebhooks``."""

import base64
import hashlib
import hmac
import shutil
import subprocess

from standardwebhooks import Webhook as StandardVerifier

from tests.support.webhook_receiver import Delivery


def is_signed(delivery: Delivery, secret: str) -> bool:
    """Return whether both signatures of a delivery are valid for a secret."""
    return _is_noko_signature_valid(delivery, secret) and _is_standard_signature_valid(delivery, secret)


def openssl_hmac(delivery: Delivery, secret: str) -> str:
    """Compute the HMAC of the body with the ``openssl`` command, to compare with ``X-Noko-Signature``."""
    openssl = shutil.which("openssl")
    assert openssl is not None, "openssl is not installed"
    completed = subprocess.run(
        [openssl, "dgst", "-sha256", "-hmac", secret, "-r"], input=delivery.body, capture_output=True, check=True
    )
    return completed.stdout.split()[0].decode()


def verify_with_library(delivery: Delivery, secret: str) -> None:
    """Verify a delivery with ``standardwebhooks``; its errors are passed on.

    It also compares the time of the attempt with the clock of this machine, so the delivery must not use a fake clock.
    """
    StandardVerifier(secret).verify(delivery.body, delivery.headers)


def _is_noko_signature_valid(delivery: Delivery, secret: str) -> bool:
    expected = hmac.new(secret.encode(), delivery.body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected, delivery.headers["x-noko-signature"])


def _is_standard_signature_valid(delivery: Delivery, secret: str) -> bool:
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = b".".join(
        [delivery.headers["webhook-id"].encode(), delivery.headers["webhook-timestamp"].encode(), delivery.body]
    )
    expected = "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
    return hmac.compare_digest(expected, delivery.headers["webhook-signature"])
