//! Relabelling: rules that edit, keep and drop label sets.
