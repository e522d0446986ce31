"""Import project groups, projects and tags."""

from hourhook.domain import hashtags
from hourhook.domain.events import recording
from hourhook.domain.imports.context import ImportContext, find_by_key
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
    found = find_by_key(tx, "project_group", key, context.caller.account_id)
    if found is not None:
        context.add(tx, "project_group", group.id, found)
        return False
    id = context.insert(tx, project_groups, group, name=group.name, name_key=key)
    context.add(tx, "project_group", group.id, id)
    if context.raises_events:
        recording.record_creation(tx, "project_group", project_groups_reading.show(tx, context.caller, id))
    return True


def import_project(tx: Transaction, context: ImportContext, project: SourceProject) -> bool:
    """Import a project, or find the one with the same name; returns whether it was made."""
    key = search_key(project.name)
    found = find_by_key(tx, "project", key, context.caller.account_id)
    if found is not None:
        context.add(tx, "project", project.id, found)
        return False
    group_id = None
    if project.group is not None:
        group_id = context.find(tx, "project_group", project.group.id)
        if group_id is None:
            import_group(tx, context, project.group)
            group_id = context.find(tx, "project_group", project.group.id)
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
    found = context.find(tx, "project", project.id)
    if found is None:
        import_project(tx, context, project)
        found = context.find(tx, "project", project.id)
    assert found is not None
    return found


def import_tag(tx: Transaction, context: ImportContext, tag: SourceTag) -> bool:
    """Import a tag, or find the one with the same name; returns whether it was made."""
    if hashtags.parse_name(tag.name) != (tag.name, False):
        raise SkippedObject(f"{tag.name!r} cannot be the name of a tag here")
    key = search_key(tag.name)
    found = find_by_key(tx, "tag", key, context.caller.account_id)
    if found is not None:
        context.add(tx, "tag", tag.id, found)
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
        id = context.find(tx, "tag", tag.id)
        if id is None:
            try:
                import_tag(tx, context, tag)
            except SkippedObject:
                continue
            id = context.find(tx, "tag", tag.id)
        assert id is not None
        found.append(id)
    # Two tags of the source may be one here.
    return [*dict.fromkeys(found)]


def _color(project: SourceProject) -> str:
    try:
        return str(ColorField().parse(project.color))
    except ValueError:
        return next_color(project.id)
