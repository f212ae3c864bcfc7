"""Settings: what superusers change while the server runs. Typed, checked, stored; every process sees a change."""
