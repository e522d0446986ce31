"""Format durations, and summarize payloads in less than half a line."""

from typing import Any


def format_duration(minutes: int) -> str:
    """Format minutes: ``90`` becomes ``1h 30m``."""
    hours, rest = divmod(minutes, 60)
    return " ".join(part for part in (f"{hours}h" * bool(hours), f"{rest}m" * bool(rest or not hours)) if part)


def summarize_payload(payload: dict[str, Any]) -> str:
    """Summarize a payload by what changed, or else by its object."""
    if payload["type"] == "webhook.ping":
        return "hello"
    changed = {key: values for key, values in payload["changes"].items() if key not in _OMITTED}
    if changed:
        return ", ".join(_change(key, *values) for key, values in changed.items())
    return _summary(payload["type"].partition(".")[0], payload["object"])


# Redundant: each accompanies another change.
_OMITTED = ("approved_at", "remaining_minutes")


def _change(key: str, before: Any, after: Any) -> str:
    name, _, unit = key.rpartition("_") if key.endswith(("_minutes", "_by", "_at")) else (key, "", "")
    if unit == "by":
        name = f"{name} by"
    if key == "minutes" or unit == "minutes":
        before, after = (None if value is None else format_duration(value) for value in (before, after))
    return f"{name} {_word(after)}" if before is None else f"{name} {_word(before)} → {_word(after)}"


def _word(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, dict):
        return str(value.get("name") or value.get("first_name") or value.get("id"))
    if isinstance(value, list):
        return " ".join(map(_word, value)) or "none"
    return str(value).replace("T00:00:00Z", "")


def _summary(category: str, object: dict[str, Any]) -> str:
    if category == "entry":
        project = object["project"]["name"] if object["project"] else "no project"
        return f"{format_duration(object['minutes'])} {project}"
    return str(object.get("formatted_name") or object.get("name") or object.get("email") or object["id"])
