"""What people write, drill files above all, read into frozen values with every mistake at once."""
