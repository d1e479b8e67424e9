//! The pipeline graph from the outside: what is built, what is refused, in which order it starts.

mod build;
mod components;
mod refuse;
