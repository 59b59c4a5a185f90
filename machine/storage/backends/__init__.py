"""The stores that come with the framework; `base` says what one must do."""
