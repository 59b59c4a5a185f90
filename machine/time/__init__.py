"""Time that can be set: a clock that stands still, plugins that go by it, and journeys on which what is due happens."""
