"""MaskStream."""
