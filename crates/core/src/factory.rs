//! Typed factories, which component authors write, and [`Factory`], their object-safe twin,
//! which registries hold.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use crate::config::{self, Config, Diagnostics, EncodeContext, Node, Origin, Origins, Schema};
use crate::{
    BuiltProcessor, ComponentError, ComponentKind, Connector, ConnectorOutputs, Consumer, Exporter,
    Extension, Outputs, Receiver, Settings, Signal, Stability,
};

/// What a component's configuration must be: decodable onto its defaults and cheap to copy.
pub trait ComponentConfig: Config + Default + Clone + Send + Sync + 'static {}

impl<T: Config + Default + Clone + Send + Sync + 'static> ComponentConfig for T {}

/// A decoded configuration whose type only its factory knows.
pub trait AnyConfig: Send + Sync {
    /// For downcasting.
    fn as_any(&self) -> &dyn Any;
    /// The effective configuration, defaults included.
    fn encode(&self, cx: EncodeContext) -> Node;
}

impl<T: ComponentConfig> AnyConfig for T {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn encode(&self, cx: EncodeContext) -> Node {
        Config::encode(self, cx)
    }
}

impl fmt::Debug for dyn AnyConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AnyConfig")
    }
}

/// Builds receivers of one type.
pub trait ReceiverFactory: Send + Sync + 'static {
    /// What the user writes.
    type Config: ComponentConfig;
    /// The type as written today.
    const TYPE: &'static str;
    /// Older spellings, accepted with a warning.
    const ALIASES: &'static [&'static str] = &[];

    /// How finished the receiver is for `signal`; `None` when it does not make that signal.
    fn stability(&self, signal: Signal) -> Option<Stability>;

    /// Builds the one instance of an id, which serves every signal in `outputs`.
    ///
    /// # Errors
    /// [`ComponentError`] when the configuration cannot work.
    fn build(
        &self,
        settings: Settings,
        config: Self::Config,
        outputs: Outputs,
    ) -> Result<Arc<dyn Receiver>, ComponentError>;
}

/// Builds processors of one type.
pub trait ProcessorFactory: Send + Sync + 'static {
    /// What the user writes.
    type Config: ComponentConfig;
    /// The type as written today.
    const TYPE: &'static str;
    /// Older spellings, accepted with a warning.
    const ALIASES: &'static [&'static str] = &[];

    /// How finished the processor is for `signal`; `None` when it does not take that signal.
    fn stability(&self, signal: Signal) -> Option<Stability>;

    /// Builds the instance of one pipeline (`settings.pipeline`). Only a buffering processor
    /// keeps `next`.
    ///
    /// # Errors
    /// [`ComponentError`] when the configuration cannot work.
    fn build(
        &self,
        settings: Settings,
        config: Self::Config,
        next: Arc<dyn Consumer>,
    ) -> Result<BuiltProcessor, ComponentError>;
}

/// Builds exporters of one type.
pub trait ExporterFactory: Send + Sync + 'static {
    /// What the user writes.
    type Config: ComponentConfig;
    /// The type as written today.
    const TYPE: &'static str;
    /// Older spellings, accepted with a warning.
    const ALIASES: &'static [&'static str] = &[];

    /// How finished the exporter is for `signal`; `None` when it does not take that signal.
    fn stability(&self, signal: Signal) -> Option<Stability>;

    /// Builds the instance of one signal (`settings.signal`), shared by its pipelines.
    ///
    /// # Errors
    /// [`ComponentError`] when the configuration cannot work.
    fn build(
        &self,
        settings: Settings,
        config: Self::Config,
    ) -> Result<Arc<dyn Exporter>, ComponentError>;
}

/// Builds connectors of one type.
pub trait ConnectorFactory: Send + Sync + 'static {
    /// What the user writes.
    type Config: ComponentConfig;
    /// The type as written today.
    const TYPE: &'static str;
    /// Older spellings, accepted with a warning.
    const ALIASES: &'static [&'static str] = &[];

    /// How finished the connector is from one signal to the other; `None` where it has no such
    /// path.
    fn stability(&self, from: Signal, to: Signal) -> Option<Stability>;

    /// Builds the instance for one pair of signals: `settings.signal` in, `outputs.signal` out.
    ///
    /// # Errors
    /// [`ComponentError`] when the configuration cannot work.
    fn build(
        &self,
        settings: Settings,
        config: Self::Config,
        outputs: ConnectorOutputs,
    ) -> Result<Arc<dyn Connector>, ComponentError>;
}

/// Builds extensions of one type.
pub trait ExtensionFactory: Send + Sync + 'static {
    /// What the user writes.
    type Config: ComponentConfig;
    /// The type as written today.
    const TYPE: &'static str;
    /// Older spellings, accepted with a warning.
    const ALIASES: &'static [&'static str] = &[];

    /// How finished the extension is.
    fn stability(&self) -> Stability;

    /// Builds the instance of an id.
    ///
    /// # Errors
    /// [`ComponentError`] when the configuration cannot work.
    fn build(
        &self,
        settings: Settings,
        config: Self::Config,
    ) -> Result<Arc<dyn Extension>, ComponentError>;
}

type BuildFn<Input, Output> =
    Arc<dyn Fn(Settings, &dyn AnyConfig, Input) -> Result<Output, ComponentError> + Send + Sync>;

#[derive(Clone)]
enum Build {
    Receiver(BuildFn<Outputs, Arc<dyn Receiver>>),
    Processor(BuildFn<Arc<dyn Consumer>, BuiltProcessor>),
    Exporter(BuildFn<(), Arc<dyn Exporter>>),
    Connector(BuildFn<ConnectorOutputs, Arc<dyn Connector>>),
    Extension(BuildFn<(), Arc<dyn Extension>>),
}

/// A factory of any kind, its configuration type erased. Cheap to clone.
#[derive(Clone)]
pub struct Factory {
    kind: ComponentKind,
    r#type: &'static str,
    aliases: &'static [&'static str],
    /// Rows by input signal, columns by output signal; only connectors use more than the
    /// diagonal, extensions use the first cell.
    stability: [[Option<Stability>; 3]; 3],
    load: Load,
    describe: fn() -> Schema,
    build: Build,
}

/// Where a component's configuration stands in the tree.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The path: `exporters::otlp/b`.
    pub path: &'a str,
    /// Where the component's key stands.
    pub anchor: &'a Origin,
}

type Load = fn(Place<'_>, &Node, &mut Diagnostics, &mut Origins) -> Option<Arc<dyn AnyConfig>>;

fn load<C: ComponentConfig>(
    place: Place<'_>,
    node: &Node,
    diagnostics: &mut Diagnostics,
    origins: &mut Origins,
) -> Option<Arc<dyn AnyConfig>> {
    let Place { path, anchor } = place;
    let config = config::load_onto(C::default(), path, anchor, node, diagnostics, Some(origins))?;
    Some(Arc::new(config))
}

fn describe<C: ComponentConfig>() -> Schema {
    C::default().schema()
}

fn typed<C: ComponentConfig>(config: &dyn AnyConfig) -> Result<C, ComponentError> {
    config.as_any().downcast_ref::<C>().cloned().ok_or_else(|| {
        ComponentError::new("configuration was decoded by the factory of another component type")
    })
}

fn diagonal(of: impl Fn(Signal) -> Option<Stability>) -> [[Option<Stability>; 3]; 3] {
    let mut table = [[None; 3]; 3];
    for signal in Signal::ALL {
        table[signal.index()][signal.index()] = of(signal);
    }
    table
}

impl Factory {
    /// Erases a receiver factory.
    pub fn receiver<F: ReceiverFactory>(factory: F) -> Self {
        Self {
            kind: ComponentKind::Receiver,
            r#type: F::TYPE,
            aliases: F::ALIASES,
            stability: diagonal(|signal| factory.stability(signal)),
            load: load::<F::Config>,
            describe: describe::<F::Config>,
            build: Build::Receiver(Arc::new(move |settings, config, outputs| {
                factory.build(settings, typed(config)?, outputs)
            })),
        }
    }

    /// Erases a processor factory.
    pub fn processor<F: ProcessorFactory>(factory: F) -> Self {
        Self {
            kind: ComponentKind::Processor,
            r#type: F::TYPE,
            aliases: F::ALIASES,
            stability: diagonal(|signal| factory.stability(signal)),
            load: load::<F::Config>,
            describe: describe::<F::Config>,
            build: Build::Processor(Arc::new(move |settings, config, next| {
                factory.build(settings, typed(config)?, next)
            })),
        }
    }

    /// Erases an exporter factory.
    pub fn exporter<F: ExporterFactory>(factory: F) -> Self {
        Self {
            kind: ComponentKind::Exporter,
            r#type: F::TYPE,
            aliases: F::ALIASES,
            stability: diagonal(|signal| factory.stability(signal)),
            load: load::<F::Config>,
            describe: describe::<F::Config>,
            build: Build::Exporter(Arc::new(move |settings, config, ()| {
                factory.build(settings, typed(config)?)
            })),
        }
    }

    /// Erases a connector factory.
    pub fn connector<F: ConnectorFactory>(factory: F) -> Self {
        let mut stability = [[None; 3]; 3];
        for from in Signal::ALL {
            for to in Signal::ALL {
                stability[from.index()][to.index()] = factory.stability(from, to);
            }
        }
        Self {
            kind: ComponentKind::Connector,
            r#type: F::TYPE,
            aliases: F::ALIASES,
            stability,
            load: load::<F::Config>,
            describe: describe::<F::Config>,
            build: Build::Connector(Arc::new(move |settings, config, outputs| {
                factory.build(settings, typed(config)?, outputs)
            })),
        }
    }

    /// Erases an extension factory.
    pub fn extension<F: ExtensionFactory>(factory: F) -> Self {
        let mut stability = [[None; 3]; 3];
        stability[0][0] = Some(factory.stability());
        Self {
            kind: ComponentKind::Extension,
            r#type: F::TYPE,
            aliases: F::ALIASES,
            stability,
            load: load::<F::Config>,
            describe: describe::<F::Config>,
            build: Build::Extension(Arc::new(move |settings, config, ()| {
                factory.build(settings, typed(config)?)
            })),
        }
    }

    /// The kind of component that it builds.
    #[must_use]
    pub const fn kind(&self) -> ComponentKind {
        self.kind
    }

    /// The type as written today.
    #[must_use]
    pub const fn component_type(&self) -> &'static str {
        self.r#type
    }

    /// Older spellings of the type.
    #[must_use]
    pub const fn aliases(&self) -> &'static [&'static str] {
        self.aliases
    }

    /// How finished the component is for `signal`; for a connector, from and to that signal.
    #[must_use]
    pub const fn stability(&self, signal: Signal) -> Option<Stability> {
        self.stability[signal.index()][signal.index()]
    }

    /// How finished a connector is from one signal to another.
    #[must_use]
    pub const fn connector_stability(&self, from: Signal, to: Signal) -> Option<Stability> {
        self.stability[from.index()][to.index()]
    }

    /// How finished an extension is.
    #[must_use]
    pub const fn extension_stability(&self) -> Option<Stability> {
        self.stability[0][0]
    }

    /// Decodes and validates a configuration onto the defaults. `None` if there was an error;
    /// everything that is wrong goes to `diagnostics`, where each value came from to `origins`.
    pub fn load(
        &self,
        place: Place<'_>,
        node: &Node,
        diagnostics: &mut Diagnostics,
        origins: &mut Origins,
    ) -> Option<Arc<dyn AnyConfig>> {
        (self.load)(place, node, diagnostics, origins)
    }

    /// The keys of the configuration, with their documentation and defaults.
    #[must_use]
    pub fn describe(&self) -> Schema {
        (self.describe)()
    }

    /// Builds a receiver.
    ///
    /// # Errors
    /// The component's own, or that this factory builds another kind.
    pub fn build_receiver(
        &self,
        settings: Settings,
        config: &dyn AnyConfig,
        outputs: Outputs,
    ) -> Result<Arc<dyn Receiver>, ComponentError> {
        match &self.build {
            Build::Receiver(build) => build(settings, config, outputs),
            _ => Err(self.wrong_kind(ComponentKind::Receiver)),
        }
    }

    /// Builds a processor.
    ///
    /// # Errors
    /// The component's own, or that this factory builds another kind.
    pub fn build_processor(
        &self,
        settings: Settings,
        config: &dyn AnyConfig,
        next: Arc<dyn Consumer>,
    ) -> Result<BuiltProcessor, ComponentError> {
        match &self.build {
            Build::Processor(build) => build(settings, config, next),
            _ => Err(self.wrong_kind(ComponentKind::Processor)),
        }
    }

    /// Builds an exporter.
    ///
    /// # Errors
    /// The component's own, or that this factory builds another kind.
    pub fn build_exporter(
        &self,
        settings: Settings,
        config: &dyn AnyConfig,
    ) -> Result<Arc<dyn Exporter>, ComponentError> {
        match &self.build {
            Build::Exporter(build) => build(settings, config, ()),
            _ => Err(self.wrong_kind(ComponentKind::Exporter)),
        }
    }

    /// Builds a connector.
    ///
    /// # Errors
    /// The component's own, or that this factory builds another kind.
    pub fn build_connector(
        &self,
        settings: Settings,
        config: &dyn AnyConfig,
        outputs: ConnectorOutputs,
    ) -> Result<Arc<dyn Connector>, ComponentError> {
        match &self.build {
            Build::Connector(build) => build(settings, config, outputs),
            _ => Err(self.wrong_kind(ComponentKind::Connector)),
        }
    }

    /// Builds an extension.
    ///
    /// # Errors
    /// The component's own, or that this factory builds another kind.
    pub fn build_extension(
        &self,
        settings: Settings,
        config: &dyn AnyConfig,
    ) -> Result<Arc<dyn Extension>, ComponentError> {
        match &self.build {
            Build::Extension(build) => build(settings, config, ()),
            _ => Err(self.wrong_kind(ComponentKind::Extension)),
        }
    }

    fn wrong_kind(&self, wanted: ComponentKind) -> ComponentError {
        ComponentError::new(format!(
            "{} is a {}, not a {wanted}",
            self.r#type, self.kind
        ))
    }
}

impl fmt::Debug for Factory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Factory")
            .field("kind", &self.kind)
            .field("type", &self.r#type)
            .field("aliases", &self.aliases)
            .finish_non_exhaustive()
    }
}
