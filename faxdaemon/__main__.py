"""`python -m faxdaemon` is the command `faxdaemon`."""

from faxdaemon.cli import main

if __name__ == "__main__":
    main()
