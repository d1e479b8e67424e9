//! `common.proto` and `resource.proto`.

use super::{FieldSpec, Kind, Message, always, field, one_of, repeated};

pub(super) const ANY_VALUE: &[FieldSpec] = &[
    one_of(1, "string_value", "stringValue", Kind::String),
    one_of(2, "bool_value", "boolValue", Kind::Bool),
    one_of(3, "int_value", "intValue", Kind::Int64),
    one_of(4, "double_value", "doubleValue", Kind::Double),
    one_of(
        5,
        "array_value",
        "arrayValue",
        Kind::Message(Message::ArrayValue),
    ),
    one_of(
        6,
        "kvlist_value",
        "kvlistValue",
        Kind::Message(Message::KeyValueList),
    ),
    one_of(7, "bytes_value", "bytesValue", Kind::Bytes),
    one_of(
        8,
        "string_value_strindex",
        "stringValueStrindex",
        Kind::Int32,
    ),
];

pub(super) const ARRAY_VALUE: &[FieldSpec] = &[repeated(
    1,
    "values",
    "values",
    Kind::Message(Message::AnyValue),
)];

pub(super) const KEY_VALUE_LIST: &[FieldSpec] = &[repeated(
    1,
    "values",
    "values",
    Kind::Message(Message::KeyValue),
)];

pub(super) const KEY_VALUE: &[FieldSpec] = &[
    field(1, "key", "key", Kind::String),
    always(2, "value", "value", Kind::Message(Message::AnyValue)),
    field(3, "key_strindex", "keyStrindex", Kind::Int32),
];

pub(super) const INSTRUMENTATION_SCOPE: &[FieldSpec] = &[
    field(1, "name", "name", Kind::String),
    field(2, "version", "version", Kind::String),
    repeated(
        3,
        "attributes",
        "attributes",
        Kind::Message(Message::KeyValue),
    ),
    field(
        4,
        "dropped_attributes_count",
        "droppedAttributesCount",
        Kind::Uint32,
    ),
];

pub(super) const ENTITY_REF: &[FieldSpec] = &[
    field(1, "schema_url", "schemaUrl", Kind::String),
    field(2, "type", "type", Kind::String),
    repeated(3, "id_keys", "idKeys", Kind::String),
    repeated(4, "description_keys", "descriptionKeys", Kind::String),
];

pub(super) const RESOURCE: &[FieldSpec] = &[
    repeated(
        1,
        "attributes",
        "attributes",
        Kind::Message(Message::KeyValue),
    ),
    field(
        2,
        "dropped_attributes_count",
        "droppedAttributesCount",
        Kind::Uint32,
    ),
    repeated(
        3,
        "entity_refs",
        "entityRefs",
        Kind::Message(Message::EntityRef),
    ),
];
