"""Everything that leans on the insides of python-socketio: its manager, its engine, how it calls handlers, and the contract."""
