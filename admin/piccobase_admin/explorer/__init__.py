"""The explorer: the OpenAPI document to read and to try, at `/api/docs` and, whole, in the dashboard."""
