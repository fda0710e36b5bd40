"""The wire format of Socket.IO: packets, attachments, JSON and MessagePack. Knows no server."""
