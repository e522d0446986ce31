"""What a form shows: the values typed so far, and a sentence for each error."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from hourhook.errors import FieldError, ValidationFailed

# By field and code, or by the code alone. ``{name}`` is the name of the field in a sentence.
_SENTENCES: Mapping[tuple[str, str] | str, str] = {
    "several_entries": "There are several entries in this cell. Change them on their day.",
    "missing_field": "Fill this in.",
    "invalid": "This cannot be used. Check the spelling.",
    "missing": "There is nothing like this here any more. Choose another.",
    "already_exists": "This name is taken. Choose another.",
    "insufficent_permissions": "You do not have access to this.",
    "archived_project": "This project is archived. Choose another, or ask a leader to reactivate it.",
    "cannot_create_projects": "There is no such project among yours. Choose one of your projects, or ask a leader to "
    "create it.",
    "cannot_create_tags": "You cannot create tags in this account. Use only tags that exist.",
    "reached_project_limit": "This account has reached its limit of active projects. Archive one first.",
    "account_owner": "The role of the account’s owner cannot be changed.",
    "authenticated_user": "You cannot do this to your own account.",
    "locale_not_available": "This language is not available.",
    ("email", "already_exists"): "Somebody with this e-mail address is in the account already.",
    ("email", "invalid"): "This is not an e-mail address.",
    ("date", "invalid"): "This is not a date. Write it as 2026-05-31.",
    ("minutes", "invalid"): "This is not a time. Write it as 1:15, 1.25h or 75m.",
    ("minutes", "missing_field"): "Say how long it took, such as 1:15, 1.25h or 75m.",
    ("payload_uri", "invalid"): "This address cannot be used. It must be an http or https address that this server may "
    "reach.",
    ("payload_uri", "missing_field"): "Fill in the address of your receiver.",
    ("events", "missing_field"): "Choose at least one event.",
    (
        "account_name",
        "invalid",
    ): "Use up to 63 letters, digits, hyphens, dots or underscores, and begin with a letter or digit.",
    ("max_per_second", "invalid"): "This is not a rate. Write a number from 0.1 to 1,000, or leave it empty.",
    ("timeout_seconds", "invalid"): "This is not possible. Write a number of seconds from 1 to the deadline of this "
    "server, or leave it empty.",
    ("batch_limit", "invalid"): "This is not possible. Write a number from 1 to 500.",
    ("headers", "invalid"): "There may be 20 headers with 4,096 characters in all.",
    ("overlap_hours", "invalid"): "Choose how long the old secret stays good.",
    ("from", "expired"): "Events from then are no longer kept. Begin later.",
    ("price", "invalid"): "This is not an amount. Write it as 49.90.",
    ("project_id", "missing_field"): "Choose a project.",
    ("from", "invalid"): "This is not a date. Write it as 2026-05-31.",
    ("to", "invalid"): "This is not a date. Write it as 2026-05-31.",
    ("entry_ids", "missing_field"): "Select at least one entry.",
    ("line", "no_time"): "Say how long it took, such as 45m or 1:15.",
    ("line", "which_project"): "Which project? Choose below.",
    ("budgeted_minutes", "invalid"): "This is not a number of hours. Write it as 40 or 37:30.",
    ("standard_hourly_rate", "invalid"): "This is not an amount. Write it as 80 or 72.50.",
    ("hourly_rate", "invalid"): "This is not an amount. Write it as 80 or 72.50.",
    ("flat_rate", "invalid"): "This is not an amount. Write it as 4000 or 3999.50.",
    ("percentage", "invalid"): "This is not a percentage. Write it as 20 or 7.5.",
    ("percentage", "missing_field"): "Fill in the percentage.",
    ("invoice_date", "invalid"): "This is not a date. Write it as 2026-05-31.",
    ("site_url", "invalid"): "This address cannot be used. Write it in full, such as https://planner.example.com.",
    ("callback_url", "invalid"): "Users cannot be sent back to this address. Write it in full, without a # in it.",
    ("callback_url", "confidential"): "Any program on a device can claim such an address: tick that the application "
    "cannot keep a secret.",
    ("into", "missing_field"): "Choose the one that takes everything.",
    ("subjects", "missing_field"): "Choose at least one subject.",
    ("current_password", "invalid"): "This is not your password.",
    ("new_password", "invalid"): "This password cannot be used. It must have 8 to 1,024 characters, of any kind.",
    ("time_zone", "invalid"): "This is not a time zone. Choose one of the list.",
    ("password", "invalid"): "This password cannot be used. It must have 8 to 1,024 characters, of any kind.",
}
_UNKNOWN = "This was not accepted."


@dataclass(frozen=True, slots=True)
class FormState:
    """The state of a form: new, or refused with ``errors``, a sentence by field; ``base`` is about the whole."""

    values: Mapping[str, str] = field(default_factory=dict)
    lists: Mapping[str, Sequence[str]] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_refused(self) -> bool:
        return bool(self.errors)

    @property
    def first_error(self) -> str | None:
        """The first field with an error, which gets the focus."""
        return next((name for name in self.errors if name != "base"), None)

    def value(self, name: str, default: object = "") -> str:
        """Return what was typed into a field, or else its initial value; None is empty."""
        typed = self.values.get(name)
        return typed if typed is not None else "" if default is None else str(default)

    def has(self, name: str, value: object, default: bool = False) -> bool:
        """Return whether a checkbox or an option of a list is chosen."""
        if not self.values and not self.lists:
            return default
        return str(value) in self.lists.get(name, ())


def refused(fields: Mapping[str, str], lists: Mapping[str, Sequence[str]], error: ValidationFailed) -> FormState:
    """Return the state of a form that was refused."""
    errors: dict[str, str] = {}
    for found in error.errors:
        name = found.field.partition("[")[0]
        if found.field.startswith("headers."):
            # Their names are the user's own, so only the rule can say which one it is.
            name, said = "headers", found.message or _UNKNOWN
        else:
            said = error.message if name == "base" else sentence(found)
        errors.setdefault(name, said)
    return FormState(fields, lists, errors)


def sentence(error: FieldError) -> str:
    """Return the sentence for an error; its field may be a path such as ``customization.locale``."""
    name = error.field.rpartition(".")[2].partition("[")[0]
    if name.startswith("cell_"):
        name = "minutes"
    return _SENTENCES.get((name, error.code)) or _SENTENCES.get(error.code) or _UNKNOWN
