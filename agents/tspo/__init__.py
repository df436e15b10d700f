"""TSPO: choosing the frames of a long video that a question is about."""
