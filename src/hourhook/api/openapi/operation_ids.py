"""Operation ids of the OpenAPI document, which name the functions of generated clients.

They follow from the function of an endpoint and the resource of its group:

    index, index_of_user            list_entries, list_entries_of_user
    show, create, edit, remove      get_entry, create_entry, update_entry, delete_entry
    approve, approve_many           approve_entry, approve_entries
    add_users, remove_all_users     add_team_users, remove_all_team_users      (the resource is ``team``)

An endpoint for which this reads badly declares its ``operation_id``.
"""

from hourhook.api.endpoints import Endpoint

_VERBS = {"index": "list", "show": "get"}
# Only where the function acts on the resource itself: ``remove_users`` does not delete users.
_OWN_VERBS = {"edit": "update", "rename": "update", "remove": "delete"}


def operation_id(endpoint: Endpoint) -> str:
    if endpoint.operation_id is not None:
        return endpoint.operation_id
    verb, *rest = endpoint.function.__name__.split("_")
    verb = _VERBS.get(verb, verb)
    resource = endpoint.operation_resource
    if rest in ([], ["many"]):
        verb = _OWN_VERBS.get(verb, verb)
    if "many" in rest or (verb == "list" and rest[:1] in ([], ["of"])):
        resource = _plural(resource)
        rest = [word for word in rest if word != "many"]
    rest = ["current_user" if word == "caller" else word for word in rest]
    if rest[:1] == ["all"]:
        verb, rest = f"{verb}_all", rest[1:]
    return "_".join([verb, resource, *rest])


def _plural(resource: str) -> str:
    return f"{resource[:-1]}ies" if resource.endswith("y") else f"{resource}s"
