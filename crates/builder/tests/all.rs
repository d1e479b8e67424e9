//! The builder as a user meets it, on checkouts made for the test.

#[cfg(test)]
mod all {
    mod command;
    mod features;
    mod fixture;
    mod generate;
    mod import;
    mod manifest;
    mod repository;
    mod sbom;
    mod size;
}
