"""What survives sleep and resets, and the tables over it: sessions, sockets, rooms, namespaces, expected acknowledgements."""
