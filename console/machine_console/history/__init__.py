"""What the bot did, kept for looking back: bounded, searchable, recorded and replayed. Needs no terminal."""
