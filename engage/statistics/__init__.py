"""Statistics of surveys: proportions, samples, weights. Pure; every formula names its source."""
