"""Fuzzers of everything that reads what a client, a peer or an older release wrote. `python fuzz --help` says how they run."""
