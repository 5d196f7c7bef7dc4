"""Free filters over a confidential survey, for those who may read its single responses anyway."""
