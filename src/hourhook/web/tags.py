"""``/tags``: list, rename, make billable or not, merge and delete."""

from hourhook.domain import inputs
from hourhook.domain.callers import Caller
from hourhook.domain.pages import MAX_PAGE_SIZE, Pagination
from hourhook.domain.tags import editing, reading
from hourhook.domain.tags.editing import TagMerge, TagUpdate
from hourhook.domain.tags.reading import TagFilters
from hourhook.errors import FieldError, NotFound, ValidationFailed
from hourhook.web.forms import read_id
from hourhook.web.pages import Action, Pages, Redirect, Values, View

PATH = "/tags"
pages = Pages()


@pages.get(PATH, template="tags/list")
def index(view: View) -> Values:
    params, errors = view.parse(TagFilters, resource="Tag")
    filter_state = view.filter_state(errors)
    found = reading.list_page(view.tx, view.caller, params, errors, view.pagination)
    return {
        "filter": filter_state,
        "tags": found.items,
        "total": found.total,
        "pagination": view.pagination,
        "can_edit": _may_edit(view.caller),
    }


@pages.get("/tags/{tag_id}/edit", template="tags/edit", role="leader")
def edit(view: View, tag_id: int) -> Values:
    _require_permission(view.caller)
    return {"tag": reading.show(view.tx, view.caller, tag_id)}


@pages.post("/tags/{tag_id}/edit", role="leader")
def save(action: Action, tag_id: int) -> Redirect:
    name = action.fields.get("name", "").strip().removesuffix("*")
    starred = f"{name}*" if name and "billable" not in action.fields else name
    params, errors = action.parse(TagUpdate, resource="Tag", name=starred)
    editing.rename(action.tx, action.caller, tag_id, params, errors)
    return Redirect(PATH, "Saved.")


@pages.get("/tags/{tag_id}/merge", template="tags/merge", role="leader")
def confirm_merge(view: View, tag_id: int) -> Values:
    _require_permission(view.caller)
    params, errors = inputs.parse(TagFilters, {}, resource="Tag")
    others = reading.list_page(view.tx, view.caller, params, errors, Pagination(1, MAX_PAGE_SIZE)).items
    tag = reading.show(view.tx, view.caller, tag_id)
    return {"tag": tag, "others": [other for other in others if other.id != tag_id]}


@pages.post("/tags/{tag_id}/merge", role="leader")
def merge(action: Action, tag_id: int) -> Redirect:
    """Merge the tag into the one that was chosen."""
    text = action.fields.get("into", "")
    merged = reading.show(action.tx, action.caller, tag_id)
    id = read_id(text)
    target = reading.find(action.tx, action.caller, id) if id is not None and id != tag_id else None
    if target is None:
        raise ValidationFailed([FieldError("Tag", "into", "missing" if text else "missing_field")])
    params, errors = inputs.parse(TagMerge, {"tag_id": tag_id}, resource="Tag")
    editing.merge(action.tx, action.caller, target.id, params, errors)
    return Redirect(PATH, f"Merged {merged.formatted_name} into {target.formatted_name}.")


@pages.get("/tags/{tag_id}/delete", template="tags/delete", role="leader")
def confirm_delete(view: View, tag_id: int) -> Values:
    _require_permission(view.caller)
    return {"tag": reading.show(view.tx, view.caller, tag_id)}


@pages.post("/tags/{tag_id}/delete", role="leader")
def delete(action: Action, tag_id: int) -> Redirect:
    editing.remove(action.tx, action.caller, tag_id)
    return Redirect(PATH, "Tag deleted.")


def _may_edit(caller: Caller) -> bool:
    return caller.has_role("leader") and caller.has_role(caller.tag_creation_role)


def _require_permission(caller: Caller) -> None:
    if not _may_edit(caller):
        raise NotFound
