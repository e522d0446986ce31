"""Import project groups, projects and tags."""

from contextlib import suppress

from hourhook.domain import hashtags
from hourhook.domain.events import recording
from hourhook.domain.imports.context import ImportContext
from hourhook.domain.imports.source_objects import SkippedObject, SourceGroup, SourceProject, SourceTag
from hourhook.domain.project_groups import reading as project_groups_reading
from hourhook.domain.projects import reading as projects_reading
from hourhook.domain.projects.colors import ColorField, next_color
from hourhook.domain.projects.reading import INCREMENTS
from hourhook.domain.search_keys import search_key
from hourhook.domain.tags import reading as tags_reading
from hourhook.store.schema import project_group_members, project_groups, projects, tags
from hourhook.store.transaction import Transaction


def import_group(tx: Transaction, context: ImportContext, group: SourceGroup) -> bool:
    """Import a project group, or find the one with the same name; returns whether it was made.

    Its projects join it when they are imported.
    """
    key = search_key(group.name)
    if context.adopt(tx, "project_group", group.id, key):
        return False
    id = context.insert(tx, project_groups, group, name=group.name, name_key=key)
    context.add(tx, "project_group", group.id, id)
    if context.raises_events:
        recording.record_creation(tx, "project_group", project_groups_reading.show(tx, context.caller, id))
    return True


def import_project(tx: Transaction, context: ImportContext, project: SourceProject) -> bool:
    """Import a project, or find the one with the same name; returns whether it was made."""
    key = search_key(project.name)
    if context.adopt(tx, "project", project.id, key):
        return False
    group_id = None if project.group is None else context.resolve(tx, "project_group", project.group, import_group)
    id = context.insert(
        tx,
        projects,
        project,
        name=project.name,
        name_key=key,
        billable=project.billable,
        billing_increment=project.billing_increment
        if project.billing_increment in INCREMENTS
        else context.caller.default_billing_increment,
        color=_color(project),
        enabled=project.enabled,
        budgeted_minutes=project.budgeted_minutes,
    )
    if group_id is not None:
        context.insert_many(tx, project_group_members, ("project_id", "project_group_id"), [(id, group_id)])
    context.add(tx, "project", project.id, id)
    if context.raises_events:
        recording.record_creation(tx, "project", projects_reading.show(tx, context.caller, id))
    return True


def resolve_project(tx: Transaction, context: ImportContext, project: SourceProject) -> int:
    """Return the id of the project that an object names; one that was in no list is made from its summary."""
    return context.resolve(tx, "project", project, import_project)


def import_tag(tx: Transaction, context: ImportContext, tag: SourceTag) -> bool:
    """Import a tag, or find the one with the same name; returns whether it was made."""
    if hashtags.parse_name(tag.name) != (tag.name, False):
        raise SkippedObject(f"{tag.name!r} cannot be the name of a tag here")
    key = search_key(tag.name)
    if context.adopt(tx, "tag", tag.id, key):
        return False
    id = context.insert(tx, tags, tag, name=tag.name, name_key=key, billable=tag.billable)
    context.add(tx, "tag", tag.id, id)
    if context.raises_events:
        recording.record_creation(tx, "tag", tags_reading.show(tx, context.caller, id))
    return True


def resolve_tags(tx: Transaction, context: ImportContext, named: list[SourceTag]) -> list[int]:
    """Return the ids of the tags of an entry, in order, without those that cannot exist here."""
    found = []
    for tag in named:
        with suppress(SkippedObject):
            found.append(context.resolve(tx, "tag", tag, import_tag))
    # Two tags of the source may be one here.
    return [*dict.fromkeys(found)]


def _color(project: SourceProject) -> str:
    try:
        return str(ColorField().parse(project.color))
    except ValueError:
        return next_color(project.id)
