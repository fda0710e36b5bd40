"""From packets to handlers, and from `emit` to packets."""
