"""The sessions of one object, and what carries and keeps them: sockets, GETs that wait, rows."""
