"""What everything else speaks in: errors, types, configuration, and what touches the process."""
