"""The command ``engine-do check`` and ``socketio-do check``: reads a project's files, and runs workerd where it is told to."""
