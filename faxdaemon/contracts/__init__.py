"""What a stage may ask of the world.

Each module is one contract: a protocol of a few methods whose docstrings are the specification, and the plain values
that pass through it.  Stages know only these; adapters implement them; `faxdaemon.daemon` brings the two together.
"""
