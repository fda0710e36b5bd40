"""The wire format of Engine.IO: packets, payloads and session ids."""
