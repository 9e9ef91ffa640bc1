"""YAML documents in which every node knows its place: what projects and rules are both read from."""
