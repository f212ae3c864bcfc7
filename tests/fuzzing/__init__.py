"""Requests by chance, put together by schemathesis from the OpenAPI document, and what it may not find."""
