"""The write-ahead log: is it whole, which transactions are in it, and which of them a target brings back."""
