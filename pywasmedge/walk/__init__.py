"""The only traversal of function bodies; validation (specification section 3) is its first use."""
