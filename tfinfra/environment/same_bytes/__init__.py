"""What makes two builds of one lock hold the same bytes: no path, no time and no user's name is left in them."""
