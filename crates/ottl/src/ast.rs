//! The tree of a statement or condition. Everything knows the bytes of the text it stands in; trees
//! print as text that parses to the same tree.

mod print;

use std::ops::Range;

/// Where something stands in the text, in bytes.
pub type Place = Range<usize>;

/// A statement: what to do, and when.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    /// The function that is called.
    pub editor: Call,
    /// What stands behind `where`.
    pub condition: Option<Condition>,
}

/// Something true or false.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// At least one of several.
    Or(Vec<Self>),
    /// All of several.
    And(Vec<Self>),
    /// The opposite.
    Not(Box<Self>, Place),
    /// Two values compared.
    Compare(Comparison),
    /// `true` or `false`.
    Literal(bool, Place),
    /// A converter whose result counts.
    Call(Call),
}

/// Two values and how they are compared.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// The value to the left.
    pub left: Value,
    /// The operator.
    pub operator: Compare,
    /// The value to the right.
    pub right: Value,
}

/// A comparison operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compare {
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Value {
    /// The value.
    pub kind: ValueKind,
    /// Where it stands.
    pub place: Place,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq)]
pub enum ValueKind {
    /// `nil`
    Nil,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number with a point.
    Float(f64),
    /// A text, its escapes resolved; bytes, as `\xff` is possible.
    String(Vec<u8>),
    /// `0x…`
    Bytes(Vec<u8>),
    /// A name in capitals.
    Enum(String),
    /// `{"name": value, …}`
    Map(Vec<(String, Value)>),
    /// `[value, …]`
    List(Vec<Value>),
    /// A place in the telemetry.
    Path(Path),
    /// The result of a converter.
    Call(Call),
    /// Two numbers, times or durations and what is done with them.
    Math(Box<Value>, Operator, Box<Value>),
    /// The opposite of a number.
    Negative(Box<Value>),
}

/// An arithmetic operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
}

/// A place in the telemetry: `resource.attributes["a"]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Path {
    /// The names between the dots. Whether the first one is a context is not known to the parser.
    pub fields: Vec<Field>,
    /// Where it stands.
    pub place: Place,
}

/// A name in a path.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// The name.
    pub name: String,
    /// What stands in brackets behind it.
    pub keys: Vec<Key>,
    /// Where the name stands.
    pub place: Place,
}

/// What stands in brackets: a text, a number, a path, a converter or arithmetic.
#[derive(Debug, Clone, PartialEq)]
pub struct Key(pub Value);

/// A function call.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// The name.
    pub name: String,
    /// Where the name stands.
    pub name_place: Place,
    /// The arguments.
    pub arguments: Vec<Argument>,
    /// What stands in brackets behind it.
    pub keys: Vec<Key>,
    /// Where all of it stands.
    pub place: Place,
}

/// An argument.
#[derive(Debug, Clone, PartialEq)]
pub struct Argument {
    /// Its name, if it was given one, and where.
    pub name: Option<(String, Place)>,
    /// The value.
    pub value: ArgumentValue,
}

/// What an argument is.
#[derive(Debug, Clone, PartialEq)]
pub enum ArgumentValue {
    /// A value.
    Value(Value),
    /// The name of a function.
    Function(String, Place),
}

impl ArgumentValue {
    /// Where it stands.
    #[must_use]
    pub const fn place(&self) -> &Place {
        match self {
            Self::Value(value) => &value.place,
            Self::Function(_, place) => place,
        }
    }
}
