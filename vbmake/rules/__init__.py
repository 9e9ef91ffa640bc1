"""Rules: how each kind of job is done, read from YAML files, and how their commands are run."""
