//! The functions of templates: those of Go's `text/template`, Alloy's own, and sprig's, as far as
//! they make texts, numbers, lists and maps of texts.

mod builtin;
mod collections;
mod convert;
mod encode;
mod math;
mod patterns;
mod strings;

use headwater_core::config::nearest;

use super::value::Val;
pub(super) use patterns::Patterns;

/// The result of a function; the message is the reason in upstream's words where it has some.
type Result<T = Val> = std::result::Result<T, String>;

/// A function.
#[derive(Debug)]
pub(super) struct Function {
    pub(super) name: &'static str,
    /// How many arguments it takes at least and at most.
    arguments: (usize, usize),
    run: fn(&mut Arguments<'_>) -> Result,
}

/// Any number of arguments.
const ANY: usize = usize::MAX;

const fn function(
    name: &'static str,
    least: usize,
    most: usize,
    run: fn(&mut Arguments<'_>) -> Result,
) -> Function {
    Function {
        name,
        arguments: (least, most),
        run,
    }
}

const TABLES: [&[Function]; 7] = [
    builtin::TABLE,
    strings::TABLE,
    patterns::TABLE,
    convert::TABLE,
    math::TABLE,
    collections::TABLE,
    encode::TABLE,
];

/// Functions of sprig that are not here, and why.
const ABSENT: &[(&[&str], &str)] = &[
    (
        &[
            "now",
            "date",
            "dateInZone",
            "date_in_zone",
            "dateModify",
            "date_modify",
            "toDate",
            "mustToDate",
            "ago",
            "duration",
            "durationRound",
            "unixEpoch",
            "htmlDate",
            "htmlDateInZone",
        ],
        "functions of dates are not available; use the `timestamp` stage",
    ),
    (
        &["env", "expandenv", "getHostByName"],
        "a log line must not read the environment; write `${env:NAME}` in the configuration",
    ),
    (
        &[
            "randAlphaNum",
            "randAlpha",
            "randAscii",
            "randNumeric",
            "randBytes",
            "randInt",
            "uuidv4",
            "shuffle",
            "htpasswd",
            "bcrypt",
            "genPrivateKey",
            "genCA",
            "genSelfSignedCert",
            "genSignedCert",
            "derivePassword",
            "encryptAES",
            "decryptAES",
            "buildCustomCert",
        ],
        "functions of chance and of keys are not available",
    ),
];

/// The function of a name, or what is wrong with the name.
pub(super) fn find(name: &str) -> std::result::Result<&'static Function, String> {
    let all = || TABLES.iter().flat_map(|table| table.iter());
    if let Some(function) = all().find(|function| function.name == name) {
        return Ok(function);
    }
    if let Some((_, why)) = ABSENT.iter().find(|(names, _)| names.contains(&name)) {
        return Err(format!("function {name:?} not defined: {why}"));
    }
    let near = nearest(name, all().map(|function| function.name));
    let hint = near.map_or_else(String::new, |near| format!(" (did you mean {near:?}?)"));
    Err(format!("function {name:?} not defined{hint}"))
}

/// The truth at which `and` or `or` stops looking.
pub(super) fn stops_at(function: &Function) -> Option<bool> {
    match function.name {
        "and" => Some(false),
        "or" => Some(true),
        _ => None,
    }
}

/// A call.
pub(super) struct Call<'t> {
    pub(super) function: &'static Function,
    pub(super) arguments: Vec<Val>,
    pub(super) patterns: &'t Patterns,
}

impl Call<'_> {
    pub(super) fn run(self) -> Result {
        let (least, most) = self.function.arguments;
        let given = self.arguments.len();
        if given < least || given > most {
            let want = match most {
                ANY => format!("at least {least}"),
                most if most == least => least.to_string(),
                most => format!("{least} to {most}"),
            };
            return Err(format!("wrong number of args: want {want} got {given}"));
        }
        (self.function.run)(&mut Arguments {
            values: self.arguments.into_iter(),
            patterns: self.patterns,
        })
    }
}

/// The arguments of a call, taken in order.
pub(super) struct Arguments<'t> {
    values: std::vec::IntoIter<Val>,
    patterns: &'t Patterns,
}

impl Arguments<'_> {
    fn left(&self) -> usize {
        self.values.len()
    }

    /// The next one, of any type.
    fn any(&mut self) -> Val {
        match self.values.next() {
            Some(Val::Missing) | None => Val::Nil,
            Some(value) => value,
        }
    }

    /// The next one, which must be text.
    fn text(&mut self) -> Result<String> {
        match self.values.next() {
            Some(Val::Str(text)) => Ok(text),
            Some(Val::Missing | Val::Nil) | None => {
                Err("invalid value; expected string".to_owned())
            }
            Some(other) => Err(format!(
                "wrong type for value; expected string; got {}",
                other.type_name()
            )),
        }
    }

    /// The next one as text, whatever it is. Source: sprig `strval`.
    fn shown(&mut self) -> String {
        match self.any() {
            Val::Nil => "<nil>".to_owned(),
            other => other.show(),
        }
    }

    /// The next one, which must be a whole number.
    fn int(&mut self) -> Result<i64> {
        match self.values.next() {
            Some(Val::Int(value)) => Ok(value),
            Some(Val::Missing | Val::Nil) | None => Err("invalid value; expected int".to_owned()),
            Some(other) => Err(format!(
                "wrong type for value; expected int; got {}",
                other.type_name()
            )),
        }
    }

    /// The next one as a whole number, from whatever it is; 0 if it is none.
    fn whole(&mut self) -> i64 {
        convert::int(&self.any())
    }

    /// The next one as a number, from whatever it is; 0 if it is none.
    fn float(&mut self) -> f64 {
        convert::float(&self.any())
    }

    /// The next one, which must be a list.
    fn list(&mut self) -> Result<Vec<Val>> {
        match self.any() {
            Val::List(items) => Ok(items),
            Val::Nil => Ok(Vec::new()),
            other => Err(format!("cannot use type {} as a list", other.kind())),
        }
    }

    /// The next one, which must be a map.
    fn map(&mut self) -> Result<Vec<(String, Val)>> {
        match self.any() {
            Val::Map(entries) => Ok(entries),
            Val::Nil => Ok(Vec::new()),
            other => Err(format!(
                "wrong type for value; expected map; got {}",
                other.type_name()
            )),
        }
    }

    /// All that are left.
    fn rest(&mut self) -> Vec<Val> {
        let mut rest = Vec::with_capacity(self.left());
        while self.left() > 0 {
            rest.push(self.any());
        }
        rest
    }
}
