"""Loose types for ASGI, since the stricter ones of servers and frameworks all differ."""

from collections.abc import Awaitable, Callable
from typing import Any

Scope = Any
Message = Any
Receive = Any
Send = Any
Application = Callable[[Any, Any, Any], Awaitable[None]]
