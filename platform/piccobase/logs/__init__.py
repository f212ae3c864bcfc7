"""Logs: what is kept of requests and messages, off their way, and the lines on stderr. Holds nothing secret."""
