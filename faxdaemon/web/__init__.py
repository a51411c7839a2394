"""What the running daemon offers to other programs.

    control   the HTTP API that a person's commands go to: the server in the daemon
    client    the same, from the side of the command line
    local     where the two meet: a Unix socket (POSIX)
    loopback  the same for Windows: a loopback port and a token
    server    one web server in a thread of its own
    listen    the one on `web.listen`
    push      where providers tell by themselves
    actions   what a person may decide about a fax
    outbox    documents handed over through the API become drops
    status    what the daemon tells of itself

Reading the journal needs none of this: the command line opens it read-only.
"""
