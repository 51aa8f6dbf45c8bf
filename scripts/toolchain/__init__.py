"""What stands behind `make`: set up what is missing, build, check. Standard library only."""
