"""Signing in, and what follows from it: tokens given anew, roles granted, superusers made. Knows nothing of HTTP."""
