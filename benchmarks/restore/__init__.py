"""What a proof of a restore costs, on a gigabyte of rows and more: `make bench-restore`."""
