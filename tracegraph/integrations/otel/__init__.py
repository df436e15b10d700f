"""OpenTelemetry: records as spans, and spans as episodes."""
