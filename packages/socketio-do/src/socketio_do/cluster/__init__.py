"""Which object a message is for, and what one part of a Worker asks of another."""
