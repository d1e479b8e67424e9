//! Headwater's contracts: telemetry batches, component traits, factories and the pipeline graph.
//!
//! A [`Batch`] is one signal's telemetry as the OTLP bytes that arrived. Receivers hand batches
//! to [`Consumer`]s; processors, connectors and exporters are consumers or plain functions
//! between them. Each component crate registers a factory (`register!`); the graph of a
//! configuration is built from a `Registry`.
//!
//! No sockets and no runtime here: a [`Host`] brings both.

#[allow(
    unused_extern_crates,
    reason = "the derive macro names this crate from inside, too"
)]
extern crate self as headwater_core;

pub mod auth;
mod batch;
mod budget;
pub mod calendar;
pub mod component;
pub mod config;
mod consume;
mod context;
pub mod factory;
pub mod graph;
mod host;
mod id;
pub mod ledger;
pub mod memory;
pub mod pdata;
pub mod percent;
pub mod registry;
pub mod rpc;
mod signal;
mod stability;
pub mod status;
pub mod storage;
pub mod telemetry;
pub mod uuid;
pub mod worker;

pub use batch::Batch;
pub use budget::{Budget, BudgetExceeded, Ticket};
pub use bytes;
pub use component::{
    BoxError, BufferingProcessor, BuildInfo, BuiltProcessor, Component, ComponentError, Connector,
    ConnectorOutputs, Exporter, Extension, Outputs, Processor, Receiver, Settings,
};
pub use consume::{ConsumeError, Consumer, ErrorKind};
pub use context::{Context, ContextParts, Identity, Metadata};
pub use factory::{
    AnyConfig, ConnectorFactory, ExporterFactory, ExtensionFactory, Factory, ProcessorFactory,
    ReceiverFactory,
};
pub use host::{Host, Runtime, Task, TaskFuture, Worker};
pub use id::{ComponentId, ComponentKind, IdError, PipelineId};
pub use registry::Registry;
pub use signal::Signal;
pub use stability::Stability;
