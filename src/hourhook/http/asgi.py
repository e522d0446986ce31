"""The types of ASGI, as loose as its messages are: every server and framework has stricter ones, all different."""

from collections.abc import Awaitable, Callable
from typing import Any

Scope = Any
Message = Any
Receive = Any
Send = Any
Application = Callable[[Any, Any, Any], Awaitable[None]]
