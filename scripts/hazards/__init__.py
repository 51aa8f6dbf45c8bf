"""The safety case: what can go wrong, what is done about it, and which test shows that it is done."""
