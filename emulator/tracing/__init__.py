"""Shows each exchange as a span of OpenTelemetry."""
