"""A format for the tests of the configuration; only its name counts."""
