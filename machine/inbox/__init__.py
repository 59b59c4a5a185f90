"""Events that were received and are not handled yet, where a killed process leaves them for the next."""
