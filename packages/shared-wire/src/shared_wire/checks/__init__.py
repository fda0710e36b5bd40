"""What would fail a deploy or bite in production, read from sources and configurations: texts in, findings out."""
