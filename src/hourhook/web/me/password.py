"""``/me/password``: a new password, which ends the other sessions."""

from hourhook.domain import inputs, password_changes
from hourhook.domain.password_changes import PasswordChange, VerifiedChange
from hourhook.domain.passwords import MAX_LENGTH, MIN_LENGTH
from hourhook.web.pages import Action, Pages, Preparation, Redirect, Values, View

PATH = "/me/password"
pages = Pages()


@pages.get(PATH, template="me/password")
def show(view: View) -> Values:
    return {"min_length": MIN_LENGTH, "max_length": MAX_LENGTH}


def _verify(preparation: Preparation) -> VerifiedChange:
    params, errors = inputs.parse(PasswordChange, preparation.fields, resource="User")
    stored = preparation.database.read_now(password_changes.find_hash, preparation.caller)
    return password_changes.verify_and_hash(stored, params, errors)


@pages.post(PATH, prepare=_verify)
def change(action: Action) -> Redirect:
    password_changes.change(action.tx, action.caller, action.prepared, action.session_token)
    return Redirect(PATH, "The password is changed. Your sessions in other browsers have ended.")
