"""Put the pieces together into a process: a server, a worker, or both."""
