"""What runs, where, and how far it is: gathered for `flownar status`."""
