"""Documents: what a file is, how many pages it has, whether it is whole, and how it looks as a fax.

    identify    the MIME type by content
    tiff        pages and wholeness
    tail        whether a file has its end yet
    text        the text of the first and the last page
    make        one PDF of several documents, without the codes that were in them
    aside       reading PDFs of strangers in a process of its own: `reader`, which counts pages, reads text (`pdf`),
                and puts PDFs together (`merge`, `clean`)
    pictures    pictures made fit for paper
    received    received documents as PDF and as TIFF
    faxpages, split  what is in a PDF as TIFF; one TIFF a page
    outside     other programs, for what only they can read
    office      office files that would harm them
    inspect     all of it, as `contracts.documents.Documents`
    cover       cover pages, from templates
    render      the fax image (Group 4 TIFF) of a document
    paper       plain text as a PDF

Nothing here changes the file it looks at.
"""

from __future__ import annotations

from faxdaemon.contracts.documents import Documents


def open_documents() -> Documents:
    """The reader of documents.  Any number of threads may use it."""
    from faxdaemon.documents.inspect import Inspector  # noqa: PLC0415 - keeps the processes aside small

    return Inspector()
