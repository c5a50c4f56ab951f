"""A schema whose work doubles with each level."""


# Bounds, whoever wrote the schema or the value


def doubling(levels):
    """Return a schema whose check costs twice as much with each level."""
    definitions = {"d0": {"type": "object"}}
    for level in range(1, levels + 1):
        definitions[f"d{level}"] = {"allOf": [{"$ref": f"#/$defs/d{level - 1}"}] * 2}
    return {"$ref": f"#/$defs/d{levels}", "$defs": definitions}
