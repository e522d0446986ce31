"""Import users and teams."""

from hourhook.domain.audit.recording import record
from hourhook.domain.callers import ROLES
from hourhook.domain.enums import USER_STATES
from hourhook.domain.events import recording
from hourhook.domain.imports.context import ImportContext
from hourhook.domain.imports.source_objects import SkippedObject, SourceTeam, SourceUser
from hourhook.domain.search_keys import search_key
from hourhook.domain.teams import reading as teams_reading
from hourhook.domain.users import reading as users_reading
from hourhook.domain.users import storing
from hourhook.email_addresses import is_possible
from hourhook.store.schema import team_members, teams, users
from hourhook.store.transaction import Transaction


def import_user(tx: Transaction, context: ImportContext, user: SourceUser) -> bool:
    """Import a user, or find the one with the same e-mail address; returns whether it was made.

    The password is not known: `hourhook user password` or, for a pending user, an invitation sets one.
    """
    email = user.email.strip()
    if not is_possible(email):
        raise SkippedObject(f"{email!r} is not an e-mail address")
    if user.role not in ROLES:
        raise SkippedObject(f"its role {user.role!r} does not exist here")
    if user.state not in USER_STATES:
        raise SkippedObject(f"its state {user.state!r} does not exist here")
    key = search_key(email)
    if context.adopt(tx, "user", user.id, key):
        return False
    id = context.insert(
        tx,
        users,
        user,
        email=email,
        email_key=key,
        first_name=user.first_name or None,
        last_name=user.last_name or None,
        name_key=storing.name_key(user.first_name, user.last_name),
        profile_image_url=user.profile_image_url or None,
        role=user.role,
        state=user.state,
        password_hash=None,
        **storing.DEFAULT_PREFERENCES,
    )
    context.add(tx, "user", user.id, id)
    if not context.is_dry_run:
        record(tx, None, "User", id, "created", {"email": email, "role": user.role, "state": user.state})
    if context.raises_events:
        recording.record_creation(tx, "user", users_reading.show(tx, context.caller, id))
    return True


def resolve_user(tx: Transaction, context: ImportContext, user: SourceUser) -> int:
    """Return the id of the user that an object names; one that was in no list is made, disabled."""
    return context.resolve(tx, "user", user, import_user)


def import_team(tx: Transaction, context: ImportContext, team: SourceTeam) -> bool:
    """Import a team with its members, or find the one with the same name; returns whether it was made."""
    key = search_key(team.name)
    if context.adopt(tx, "team", team.id, key):
        return False
    members = {resolve_user(tx, context, user) for user in team.users}
    id = context.insert(tx, teams, team, name=team.name, name_key=key)
    context.insert_many(tx, team_members, ("team_id", "user_id"), [(id, user_id) for user_id in sorted(members)])
    context.add(tx, "team", team.id, id)
    if context.raises_events:
        recording.record_creation(tx, "team", teams_reading.show(tx, context.caller, id))
    return True
