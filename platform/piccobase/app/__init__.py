"""The one place that knows everybody: config in, services built, routes mounted, checks run."""
