"""Raw conversations that are held with Node's socket.io, with python-socketio's own server and with ours."""
