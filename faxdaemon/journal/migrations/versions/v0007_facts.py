"""What a provider's list may tell of a received fax besides: name, duration, resolution, speed, whether it is partial.

Never edited after its release: this is what the journals out there were made by.  Changes are new files.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add a column, which is empty for faxes from before."""
    op.add_column("inbound", sa.Column("facts", sa.Text()))
