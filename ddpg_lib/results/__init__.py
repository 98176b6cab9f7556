"""The recorded runs that ship, beside what others published."""
