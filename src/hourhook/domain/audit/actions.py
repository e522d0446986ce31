"""The names of resources and actions in the audit trail."""

from typing import Literal, get_args

Resource = Literal["Webhook", "BroadcastReceiver", "Token", "Application", "Authorization", "User", "Account"]
# In the history of a webhook, which ends when the webhook is deleted.
WebhookAction = Literal[
    "created",
    "edited",
    "events_added",
    "events_removed",
    "settings_changed",
    "enabled",
    "disabled",
    "disabled_gone",
    "secret_rerolled",
    "secret_expired",
    "pinged",
    "retried",
    "skipped",
    "replayed",
    "tested",
]
OtherAction = Literal[
    "deleted",
    "subjects_added",
    "subjects_removed",
    "revoked",
    "invited",
    "joined",
    "activated",
    "deactivated",
    "access_granted",
    "access_revoked",
    "password_changed",
    "session_ended",
]
Action = WebhookAction | OtherAction

RESOURCES = get_args(Resource)
WEBHOOK_ACTIONS = get_args(WebhookAction)
ACTIONS = (*WEBHOOK_ACTIONS, *get_args(OtherAction))
