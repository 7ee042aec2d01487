"""From bytes to ``ast.Module``: the binary format (specification section 5)."""
