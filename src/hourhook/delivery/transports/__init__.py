"""How a message reaches a receiver: a message in, an outcome out."""
