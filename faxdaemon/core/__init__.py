"""The pure middle: words, state tables, numbers, schedules, names.

Nothing here does I/O, reads a clock, starts a thread or draws a random number: what it needs is handed in, so every
rule can be tested as a table.  Read `states` first; it is the design of the whole product in two tables.
"""
