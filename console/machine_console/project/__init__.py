"""New projects and new plugins, from the templates beside this file."""
