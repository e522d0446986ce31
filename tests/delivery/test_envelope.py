"""Bodies, headers and signatures, byte for byte (``docs/guides/receiving.md#request-format``)."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from hourhook.clock import SECOND, SystemClock
from hourhook.delivery import envelope, signing

PAYLOAD_ID = "0b6f1c52-6f0e-4c53-9d0a-3a3f0f8f5f10"
CREATED_AT = 1_714_552_200 * SECOND  # 2024-05-01T08:30:00Z
VECTOR_SECRET = "Zk1vV0b2mC7Yq3nT8sXr5LdE9uHa4JpW6gQiR0oKfBs"


def test_a_ping_body_matches_the_test_vector() -> None:
    assert envelope.ping_body(PAYLOAD_ID, CREATED_AT, 9001, "Ledger sync") == (
        b'{"payload_id":"0b6f1c52-6f0e-4c53-9d0a-3a3f0f8f5f10","created_at":"2024-05-01T08:30:00Z",'
        b'"type":"webhook.ping","object":{},"webhook":{"id":9001,"name":"Ledger sync"}}'
    )


def test_a_signature_matches_the_test_vector() -> None:
    body = envelope.ping_body(PAYLOAD_ID, CREATED_AT, 9001, "Ledger sync")
    headers = dict(envelope.headers(PAYLOAD_ID, "webhook.ping", None, 1, CREATED_AT, body, VECTOR_SECRET))
    assert headers["X-Noko-Signature"] == "d2e966147f6cfd0494c37cc3d42c72961645479e8941769d2a0c263050b15d68"


def test_a_payload_contains_the_stored_bytes() -> None:
    changes, object = b'{"minutes":[45 , 60.0]}', '{"b":1,"a":"é\\u00e9"}'.encode()
    assert envelope.body(9001, "Ledger sync", "entry.updated", CREATED_AT, changes, object) == (
        b'{"webhook":{"id":9001,"name":"Ledger sync"},"type":"entry.updated",'
        b'"created_at":"2024-05-01T08:30:00Z","changes":' + changes + b',"object":' + object + b"}"
    )


@given(name=st.text())
def test_a_name_is_compact_unescaped_json(name: str) -> None:
    body = envelope.body(1, name, "tag.created", CREATED_AT, b"{}", b"{}")
    assert json.loads(body)["webhook"] == {"id": 1, "name": name}
    assert body.isascii() == name.isascii()


def test_quotes_and_newlines_in_a_name_are_escaped() -> None:
    body = envelope.ping_body(PAYLOAD_ID, CREATED_AT, 1, 'Zoë "x"\n\\')
    assert body.endswith('"webhook":{"id":1,"name":"Zoë \\"x\\"\\n\\\\"}}'.encode())


def test_a_payload_has_all_documented_headers() -> None:
    secret = "whsec_" + base64.b64encode(bytes(range(32))).decode()
    headers = envelope.headers(PAYLOAD_ID, "project_group.updated", 7, 2, CREATED_AT + 1, b"{}", secret)
    assert dict(headers) == {
        "Content-Type": "application/json",
        "User-Agent": "Noko-Webhooks",
        "X-Noko-EventCategory": "project_group",
        "X-Noko-Delivery": PAYLOAD_ID,
        "X-Noko-Signature": "985a3c96a281605f1d3b4c1137aa5b322d0d56867f0b183245815130d7964c97",
        "webhook-id": PAYLOAD_ID,
        "webhook-timestamp": "1714552200",
        "webhook-signature": "v1,VR4Cf7g17c7lBiXstw6Mu5RPzV0QZ6ZcJuytUIuVmro=",
        "X-Hourhook-Sequence": "7",
        "X-Hourhook-Attempt": "2",
    }
    assert len(headers) == 10


def test_a_ping_has_no_sequence() -> None:
    names = [name for name, _ in envelope.headers(PAYLOAD_ID, "webhook.ping", None, 1, 0, b"{}", "any")]
    assert "X-Hourhook-Sequence" not in names
    assert "X-Hourhook-Attempt" in names


def test_unsigned_headers_omit_the_signatures() -> None:
    signed = envelope.headers(PAYLOAD_ID, "entry.created", 7, 2, CREATED_AT, b"{}", signing.new_secret())
    unsigned = envelope.unsigned_headers(PAYLOAD_ID, "entry.created", 7, 2, CREATED_AT)
    assert [header for header in signed if "signature" not in header[0].lower()] == unsigned
    assert len(signed) == len(unsigned) + 2


def test_the_standard_webhooks_library_verifies_a_payload() -> None:
    secret = signing.new_secret()
    body = envelope.body(1, "Zoë", "entry.created", CREATED_AT, b"{}", '{"a":"ü"}'.encode())
    headers = envelope.headers(PAYLOAD_ID, "entry.created", 1, 1, SystemClock().now(), body, secret)
    assert Webhook(secret).verify(body, dict(headers))["type"] == "entry.created"


@pytest.mark.parametrize("secret", [VECTOR_SECRET, "whsec_", "whsec_é", "", "x" * 500])
def test_any_text_can_be_a_secret(secret: str) -> None:
    headers = dict(envelope.headers(PAYLOAD_ID, "entry.created", 1, 1, 0, b"{}", secret))
    assert len(headers["X-Noko-Signature"]) == 64
    assert len(base64.b64decode(headers["webhook-signature"].removeprefix("v1,"))) == 32


def test_a_new_secret_is_a_prefix_and_32_random_bytes() -> None:
    secret = signing.new_secret()
    assert secret.startswith("whsec_")
    assert len(base64.b64decode(secret.removeprefix("whsec_"), validate=True)) == 32
    assert len(secret) == 50
    assert secret != signing.new_secret()


def test_a_broadcast_matches_the_documented_example() -> None:
    body = envelope.broadcast_body(
        77,
        "Desk light",
        1_716_282_185 * SECOND,
        "timer.running",
        "timer",
        "http://127.0.0.1:8080/v2/projects/20817/timer",
    )
    assert body == (
        b'{"broadcast_receiver":{"id":77,"name":"Desk light"},"sent_at":"2024-05-21T09:03:05Z",'
        b'"last_event":"timer.running","subject":{"type":"timer",'
        b'"url":"http://127.0.0.1:8080/v2/projects/20817/timer"}}'
    )
    headers = dict(envelope.broadcast_headers("m", "timer", CREATED_AT, body, VECTOR_SECRET))
    assert headers["User-Agent"] == "Noko-Broadcasts"
    assert headers["X-Noko-BroadcastSubject"] == "timer"
    assert "X-Noko-Delivery" not in headers
    assert {"webhook-id", "webhook-timestamp", "webhook-signature"} <= headers.keys()
