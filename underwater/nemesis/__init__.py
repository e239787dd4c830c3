"""What the world does to an engine: prices that move, jump and lie, sources that fall silent, time that passes."""
