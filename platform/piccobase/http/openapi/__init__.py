"""The OpenAPI document: what the API offers whoever asks, worked out from the registry. Pure but for its cache."""
