"""The instruction tables: one row per instruction; everything else about them is derived."""
