"""The clients the tests use: raw frames, npm's socket.io-client under Node, and a browser."""
