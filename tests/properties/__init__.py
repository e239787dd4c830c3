"""Property tests as a user of the harness would write them."""
