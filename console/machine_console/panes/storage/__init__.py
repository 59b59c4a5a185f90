"""What plugins have stored, to look at and to edit."""
