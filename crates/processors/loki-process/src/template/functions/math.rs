//! Sprig's arithmetic: whole numbers, and with an `f` behind the name floats.

use super::super::value::Val;
use super::{ANY, Arguments, Function, Result, function};

pub(super) const TABLE: &[Function] = &[
    function("add1", 1, 1, |a| Ok(Val::Int(a.whole().wrapping_add(1)))),
    function("add", 0, ANY, |a| Ok(fold(a, 0, i64::wrapping_add))),
    function("sub", 2, 2, |a| {
        Ok(Val::Int(a.whole().wrapping_sub(a.whole())))
    }),
    function("mul", 1, ANY, |a| Ok(fold(a, 1, i64::wrapping_mul))),
    function("div", 2, 2, |a| divide(a, i64::checked_div)),
    function("mod", 2, 2, |a| divide(a, i64::checked_rem)),
    function("max", 1, ANY, |a| {
        let first = a.whole();
        Ok(fold(a, first, i64::max))
    }),
    function("biggest", 1, ANY, |a| {
        let first = a.whole();
        Ok(fold(a, first, i64::max))
    }),
    function("min", 1, ANY, |a| {
        let first = a.whole();
        Ok(fold(a, first, i64::min))
    }),
    function("addf", 0, ANY, |a| Ok(fold_floats(a, 0.0, |a, b| a + b))),
    function("mulf", 1, ANY, |a| Ok(fold_floats(a, 1.0, |a, b| a * b))),
    function("subf", 1, ANY, |a| {
        let first = a.float();
        Ok(fold_floats(a, first, |a, b| a - b))
    }),
    function("divf", 1, ANY, |a| {
        let first = a.float();
        Ok(fold_floats(a, first, |a, b| a / b))
    }),
    function("maxf", 1, ANY, |a| {
        let first = a.float();
        Ok(fold_floats(a, first, f64::max))
    }),
    function("minf", 1, ANY, |a| {
        let first = a.float();
        Ok(fold_floats(a, first, f64::min))
    }),
    function("ceil", 1, 1, |a| Ok(Val::Float(a.float().ceil()))),
    function("floor", 1, 1, |a| Ok(Val::Float(a.float().floor()))),
    function("round", 2, 3, |a| {
        let (value, digits) = (a.float(), a.whole().clamp(-300, 300));
        let on = if a.left() > 0 { a.float() } else { 0.5 };
        #[expect(clippy::cast_possible_truncation, reason = "clamped above")]
        let power = 10_f64.powi(digits as i32);
        let scaled = value * power;
        let up = scaled.fract().abs() >= on;
        let whole = scaled.trunc() + if up { scaled.signum() } else { 0.0 };
        Ok(Val::Float(whole / power))
    }),
];

fn fold(a: &mut Arguments<'_>, first: i64, with: fn(i64, i64) -> i64) -> Val {
    let mut value = first;
    while a.left() > 0 {
        value = with(value, a.whole());
    }
    Val::Int(value)
}

fn fold_floats(a: &mut Arguments<'_>, first: f64, with: fn(f64, f64) -> f64) -> Val {
    let mut value = first;
    while a.left() > 0 {
        value = with(value, a.float());
    }
    Val::Float(value)
}

fn divide(a: &mut Arguments<'_>, with: fn(i64, i64) -> Option<i64>) -> Result {
    let (value, by) = (a.whole(), a.whole());
    let result = with(value, by).ok_or_else(|| "integer divide by zero".to_owned())?;
    Ok(Val::Int(result))
}
