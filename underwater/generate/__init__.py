"""What participants try next: drawn from the model's state, and aimed at the boundaries that the model solves for."""
