"""ReSocratic: optimisation problems made backwards, from verified models to questions."""
