"""Who somebody is: passwords hashed, tokens signed and checked, secrets kept, a token turned into an actor."""
