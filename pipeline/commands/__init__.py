"""The commands, one function each, in flow order of a user's day."""
