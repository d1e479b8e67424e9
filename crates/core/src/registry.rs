//! The component types that a program can build.

use std::collections::BTreeMap;

use crate::{ComponentKind, Factory};

/// What [`register!`](crate::register) submits: a factory and the crate that it comes from.
#[derive(Debug)]
pub struct Registration {
    /// Makes the factory.
    pub factory: fn() -> Factory,
    /// The crate's package name.
    pub package: &'static str,
    /// The crate's version.
    pub version: &'static str,
}

inventory::collect!(Registration);

#[doc(hidden)]
pub use inventory as __inventory;

/// Registers a component: linking the crate is then enough to have it.
///
/// Takes the path of a `fn() -> Factory`, by convention the crate's `factory`:
/// `headwater_core::register!(factory);`
#[macro_export]
macro_rules! register {
    ($factory:path) => {
        $crate::registry::__inventory::submit! {
            $crate::registry::Registration {
                factory: $factory,
                package: env!("CARGO_PKG_NAME"),
                version: env!("CARGO_PKG_VERSION"),
            }
        }
    };
}

/// A factory with the crate that it comes from.
#[derive(Debug, Clone)]
pub struct Registered {
    /// The factory.
    pub factory: Factory,
    /// `package version`, as `components` prints it; empty where nobody said.
    pub module: String,
}

/// Factories by kind and type.
#[derive(Debug, Clone, Default)]
pub struct Registry {
    factories: BTreeMap<(ComponentKind, &'static str), Registered>,
}

impl Registry {
    /// No components; for programs that list theirs.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Every component that is linked into the program.
    #[must_use]
    pub fn linked() -> Self {
        let mut registry = Self::new();
        for registration in inventory::iter::<Registration> {
            let module = format!("{} v{}", registration.package, registration.version);
            registry.insert((registration.factory)(), module);
        }
        registry
    }

    /// The same registry with `factory`, which replaces one of the same kind and type.
    #[must_use]
    pub fn with(mut self, factory: Factory) -> Self {
        self.insert(factory, String::new());
        self
    }

    fn insert(&mut self, factory: Factory, module: String) {
        let key = (factory.kind(), factory.component_type());
        self.factories.insert(key, Registered { factory, module });
    }

    /// The factory for `component_type`, which may be an alias: then the second value is true.
    #[must_use]
    pub fn get(&self, kind: ComponentKind, component_type: &str) -> Option<(&Factory, bool)> {
        let of_kind = || self.of_kind(kind).map(|registered| &registered.factory);
        of_kind()
            .find(|factory| factory.component_type() == component_type)
            .map(|factory| (factory, false))
            .or_else(|| {
                of_kind()
                    .find(|factory| factory.aliases().contains(&component_type))
                    .map(|factory| (factory, true))
            })
    }

    /// Every factory of `kind`, ordered by type.
    pub fn of_kind(&self, kind: ComponentKind) -> impl Iterator<Item = &Registered> {
        self.factories
            .iter()
            .filter(move |((k, _), _)| *k == kind)
            .map(|(_, r)| r)
    }

    /// The types of `kind`, aliases left out, ordered.
    pub fn types(&self, kind: ComponentKind) -> impl Iterator<Item = &'static str> {
        self.of_kind(kind)
            .map(|registered| registered.factory.component_type())
    }
}
