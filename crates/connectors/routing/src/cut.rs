//! A resource entry taken apart down to its records, and written again with some of them.

use std::ops::Range;

use headwater_core::Signal;
use headwater_core::pdata::schema::LEGACY_SCOPES;
use headwater_core::pdata::wire::{
    Field, WireError, WireType, put_tag, put_varint, read_field, varint_len,
};

/// Fields of resource entries, scope entries and metrics that lead down to the records.
const SCOPES: u32 = 2;
const RECORDS: u32 = 2;
const POINTS: u32 = 1;

/// What a record is and where it lies.
#[derive(Debug, Clone)]
pub(crate) struct Leaf {
    /// The whole field.
    raw: Range<usize>,
    /// The message.
    pub(crate) message: Range<usize>,
    /// Which of the scopes it belongs to.
    pub(crate) scope: usize,
    /// The metric around a data point, and the field of the metric that it lies in.
    pub(crate) point_of: Option<(Range<usize>, u32)>,
}

/// A message that is entered.
#[derive(Debug)]
struct Group {
    field: u32,
    parts: Vec<Part>,
}

#[derive(Debug)]
enum Part {
    /// Bytes that go along with whatever stays of the message.
    Header(Range<usize>),
    Leaf(usize),
    Group(Group),
}

/// A resource entry, taken apart.
#[derive(Debug)]
pub(crate) struct Tree<'a> {
    input: &'a [u8],
    root: Group,
    pub(crate) leaves: Vec<Leaf>,
    /// The messages of the scope entries.
    pub(crate) scopes: Vec<Range<usize>>,
}

impl<'a> Tree<'a> {
    /// Takes the entry in `field` of `input` apart; with `points`, metrics as well.
    ///
    /// # Errors
    /// [`WireError`] if it is no message.
    pub(crate) fn new(
        signal: Signal,
        input: &'a [u8],
        field: &Field,
        points: bool,
    ) -> Result<Self, WireError> {
        let mut tree = Self {
            input,
            root: Group {
                field: field.number,
                parts: Vec::new(),
            },
            leaves: Vec::new(),
            scopes: Vec::new(),
        };
        let points = points && signal == Signal::Metrics;
        let mut parts = Vec::new();
        each(input, field.value..field.end, |scope| {
            let inside =
                matches!(scope.number, SCOPES | LEGACY_SCOPES) && scope.wire_type == WireType::Len;
            parts.push(if inside {
                Part::Group(tree.scope(&scope, points)?)
            } else {
                Part::Header(scope.start..scope.end)
            });
            Ok(())
        })?;
        tree.root.parts = parts;
        Ok(tree)
    }

    fn scope(&mut self, field: &Field, points: bool) -> Result<Group, WireError> {
        let scope = self.scopes.len();
        self.scopes.push(field.value..field.end);
        let mut parts = Vec::new();
        each(self.input, field.value..field.end, |record| {
            parts.push(
                if record.number != RECORDS || record.wire_type != WireType::Len {
                    Part::Header(record.start..record.end)
                } else if points {
                    self.metric(&record, scope)?
                } else {
                    self.leaf(&record, scope, None)
                },
            );
            Ok(())
        })?;
        Ok(Group {
            field: field.number,
            parts,
        })
    }

    fn leaf(&mut self, field: &Field, scope: usize, point_of: Option<(Range<usize>, u32)>) -> Part {
        self.leaves.push(Leaf {
            raw: field.start..field.end,
            message: field.value..field.end,
            scope,
            point_of,
        });
        Part::Leaf(self.leaves.len() - 1)
    }

    /// A metric with its points; one that has none is a leaf itself.
    fn metric(&mut self, field: &Field, scope: usize) -> Result<Part, WireError> {
        let metric = field.value..field.end;
        // Of the data fields, which are a oneof, the last one's kind is alive.
        let mut alive = 0;
        each(self.input, metric.clone(), |data| {
            if matches!(data.number, 5 | 7 | 9 | 10 | 11) {
                alive = data.number;
            }
            Ok(())
        })?;
        let before = self.leaves.len();
        let mut parts = Vec::new();
        each(self.input, metric.clone(), |data| {
            if data.number != alive || data.wire_type != WireType::Len {
                parts.push(Part::Header(data.start..data.end));
                return Ok(());
            }
            let mut points = Vec::new();
            each(self.input, data.value..data.end, |point| {
                points.push(
                    if point.number == POINTS && point.wire_type == WireType::Len {
                        self.leaf(&point, scope, Some((metric.clone(), alive)))
                    } else {
                        Part::Header(point.start..point.end)
                    },
                );
                Ok(())
            })?;
            parts.push(Part::Group(Group {
                field: alive,
                parts: points,
            }));
            Ok(())
        })?;
        if self.leaves.len() == before {
            return Ok(self.leaf(field, scope, None));
        }
        Ok(Part::Group(Group {
            field: field.number,
            parts,
        }))
    }

    /// Appends the entry with the chosen leaves and what is around them.
    pub(crate) fn write(&self, chosen: &[bool], out: &mut Vec<u8>) {
        if let Some(length) = self.length(&self.root, chosen) {
            out.reserve(length + 11);
            self.put(&self.root, length, chosen, out);
        }
    }

    /// How long the message becomes; `None` if nothing in it was chosen.
    fn length(&self, group: &Group, chosen: &[bool]) -> Option<usize> {
        let (mut length, mut any) = (0, false);
        for part in &group.parts {
            match part {
                Part::Header(range) => length += range.len(),
                Part::Leaf(leaf) => {
                    if chosen[*leaf] {
                        any = true;
                        length += self.leaves[*leaf].raw.len();
                    }
                }
                Part::Group(inner) => {
                    if let Some(inside) = self.length(inner, chosen) {
                        any = true;
                        let tag = varint_len(u64::from(inner.field) << 3);
                        length += tag + varint_len(inside as u64) + inside;
                    }
                }
            }
        }
        any.then_some(length)
    }

    fn put(&self, group: &Group, length: usize, chosen: &[bool], out: &mut Vec<u8>) {
        put_tag(out, group.field, WireType::Len);
        put_varint(out, length as u64);
        for part in &group.parts {
            match part {
                Part::Header(range) => out.extend_from_slice(&self.input[range.clone()]),
                Part::Leaf(leaf) if chosen[*leaf] => {
                    out.extend_from_slice(&self.input[self.leaves[*leaf].raw.clone()]);
                }
                Part::Leaf(_) => {}
                Part::Group(inner) => {
                    if let Some(inside) = self.length(inner, chosen) {
                        self.put(inner, inside, chosen, out);
                    }
                }
            }
        }
    }
}

/// Calls `f` with each field in a range of `input`.
fn each(
    input: &[u8],
    range: Range<usize>,
    mut f: impl FnMut(Field) -> Result<(), WireError>,
) -> Result<(), WireError> {
    let mut pos = range.start;
    while let Some(field) = read_field(&input[..range.end], &mut pos)? {
        f(field)?;
    }
    Ok(())
}
