"""Block Kit's rules: which blocks and elements there are, what each needs, and what their state looks like."""
