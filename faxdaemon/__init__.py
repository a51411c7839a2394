"""faxdaemon: drop a document into a folder and it is faxed; a received fax appears in its folder."""

__version__ = "0.1.0"
