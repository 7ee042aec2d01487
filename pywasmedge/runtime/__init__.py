"""Instances and calls: what the specification calls execution (section 4)."""
