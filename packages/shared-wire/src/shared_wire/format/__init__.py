"""What crosses an RPC between the actors: operations in frames, as values and as bytes."""
