"""Sending, in the order a fax travels.

    intake    drop folder  -> claim -> spool -> journal      from the commit on, the fax is ours
    route     RECEIVED     -> READY | HELD | FAILED          who, through what, and is the document whole
    (prepare                                                 the same, where a PDF must be made first)
    submit    READY        -> SUBMITTING -> ACCEPTED | READY | FAILED | UNCERTAIN
    resolve   UNCERTAIN    -> ACCEPTED | READY | HELD        ask before sending again
    track     ACCEPTED     -> SENT | FAILED | READY          follow it at the provider
    report    outcome      -> sent/ failed/ held/ + answer   tell the folder
    keep      answer       -> + image, transmittal           what the provider shows of it, where the folder wants it

Beside them: `readiness` (which files are complete), `grouping` (which belong together), `dialects` (what the folder's
formats make of them), `attachments` (where named documents may lie), `spooling` (the copies), `deciding` and `choose`
(the route, without doing anything), `preparing` (what is sent where the documents will not do), `mark` (is this the
folder we know), `shown` (where a report has put its files).

Each stage is a class with one method, `step()`, and knows only contracts.  Stages never call each other: the journal is
the only channel between them, so a restart is not a special case.  `faxdaemon.core.states.OUTBOUND` is the table they
follow, `docs/durability.md` the protocol.
"""
