"""A provider that must not be imported unless it is named."""

raise RuntimeError("imported without need")
