"""The assignments, graded by value in the real sandbox."""
