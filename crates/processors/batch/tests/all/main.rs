//! The processor as the graph builds it, on a paused clock.

mod flow;
