"""What is wrong with an installation, and what to do about it: for `flownar doctor`."""
