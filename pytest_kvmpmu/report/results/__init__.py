"""What a run found: each spec's result, and the document that holds them."""
