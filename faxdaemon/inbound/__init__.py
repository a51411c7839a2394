"""Receiving, in the order a fax travels.

    fetch        provider's list -> SEEN -> STORED     download, verify, into our spool: from here it is ours
    push         provider's push -> STORED             the same, where the provider brings the document by itself
    deliver      STORED          -> DELIVERED          to every sink of its line, each published by a rename
    acknowledge  DELIVERED       -> ACKNOWLEDGED       last of all, the provider is told

Acknowledging last is the promise: the provider's copy goes only after ours is in the journal, in the spool and in every
required sink.
"""
