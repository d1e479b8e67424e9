//! Where the programs under test are.

use std::env;
use std::path::{Path, PathBuf};

/// A collector to start.
#[derive(Debug, Clone)]
pub struct Binary {
    /// The program.
    pub path: PathBuf,
    /// Whether it is one of this repository's distributions, whose ledger can be checked.
    pub ours: bool,
}

impl Binary {
    /// The `headwater` distribution, or `$HEADWATER_BIN`.
    #[must_use]
    pub fn headwater() -> Self {
        Self::find("HEADWATER_BIN", "distributions/headwater/headwater")
    }

    /// The `pattern-a` distribution, or `$PATTERN_A_BIN`.
    #[must_use]
    pub fn pattern_a() -> Self {
        Self::find("PATTERN_A_BIN", "distributions/pattern-a/pattern-a")
    }

    /// The `pattern-b` distribution, or `$PATTERN_B_BIN`.
    #[must_use]
    pub fn pattern_b() -> Self {
        Self::find("PATTERN_B_BIN", "distributions/pattern-b/pattern-b")
    }

    /// The `pattern-c` distribution, or `$PATTERN_C_BIN`.
    #[must_use]
    pub fn pattern_c() -> Self {
        Self::find("PATTERN_C_BIN", "distributions/pattern-c/pattern-c")
    }

    /// The `hub` distribution, or `$HUB_BIN`.
    #[must_use]
    pub fn hub() -> Self {
        Self::find("HUB_BIN", "distributions/hub/hub")
    }

    /// The `sidecar` example, or `$SIDECAR_BIN`.
    #[must_use]
    pub fn sidecar() -> Self {
        Self::find("SIDECAR_BIN", "distributions/sidecar/sidecar")
    }

    /// The Go collector that `just peers` builds, or `$OTELCOL_BIN`.
    #[must_use]
    pub fn otelcol() -> Self {
        Self::find("OTELCOL_BIN", "peers/otelcol")
    }

    fn find(variable: &str, below_target: &str) -> Self {
        let path = env::var_os(variable).map_or_else(|| target().join(below_target), PathBuf::from);
        assert!(
            path.is_file(),
            "{} is missing: `tests/e2e/run` builds it",
            path.display()
        );
        // The tests themselves are tried out on the Go collector.
        let ours = path.file_name().is_none_or(|name| name != "otelcol");
        Self { path, ours }
    }
}

/// The root of the checkout.
#[must_use]
pub fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here)
}

/// The target folder.
#[must_use]
pub fn target() -> PathBuf {
    root().join("target")
}
