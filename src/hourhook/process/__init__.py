"""The roof: the pieces put together into a process, a server or a worker."""
