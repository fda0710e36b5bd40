"""What a request asks for, whether it may, and what it is answered with."""
