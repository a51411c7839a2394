"""Documents: what a file is, how many pages it has, whether it is whole, and how it looks as a fax.

    identify    the MIME type by content
    pdf, tiff   pages and wholeness
    tail        whether a file has its end yet
    text        the text of the first and the last page
    make, clean one PDF of several documents, without the codes that were in them
    pictures    pictures made fit for paper
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
from faxdaemon.documents.inspect import Inspector


def open_documents() -> Documents:
    """The reader of documents.  It keeps no state, and any number of threads may use it."""
    return Inspector()
