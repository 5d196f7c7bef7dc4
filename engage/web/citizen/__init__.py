"""The look of citizen pages, shared by the rooms that have some: one stylesheet in parts, named by its hash for the CSP."""
