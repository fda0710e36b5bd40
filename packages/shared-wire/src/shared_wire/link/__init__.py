"""How it crosses: in order, once, and with both sides knowing what is lost. The rules, and the driver that carries them out."""
