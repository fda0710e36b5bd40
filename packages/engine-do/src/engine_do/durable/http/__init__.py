"""An object's requests: answered, refused, or put off for a deploy."""
