"""JSON Schema of drill files and target files, made from the very tables that the loader reads by."""

from __future__ import annotations

from typing import Any

from drill.definition.drill_table import DRILL
from drill.definition.keys import Kind, ListOf, MapOf, Table
from drill.definition.target_table import TARGET_FILE

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def drill_schema() -> dict[str, Any]:
    """Schema of a drill file."""
    return {"$schema": DIALECT, "title": "drill file", **_shape(DRILL)}


def target_schema() -> dict[str, Any]:
    """Schema of drill.toml."""
    return {"$schema": DIALECT, "title": "drill.toml", **_shape(TARGET_FILE)}


def _shape(shape: Kind | ListOf | MapOf | Table) -> dict[str, Any]:
    match shape:
        case Kind():
            return dict(shape.schema)
        case ListOf():
            return {"type": "array", "items": _shape(shape.item), "minItems": shape.least}
        case MapOf():
            return {
                "type": "object",
                "propertyNames": _shape(shape.key),
                "additionalProperties": _shape(shape.item),
            }
    properties = {key.name: {"description": key.meaning, **_shape(key.shape)} for key in shape.keys}
    schema = {"type": "object", "properties": properties, "additionalProperties": False}
    required = [key.name for key in shape.keys if key.required]
    return schema | {"required": required, "minProperties": len(required) + shape.least}
