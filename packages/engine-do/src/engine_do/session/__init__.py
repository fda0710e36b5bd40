"""The state of one session, and the rules by which it changes. Pure: events in, effects out."""
