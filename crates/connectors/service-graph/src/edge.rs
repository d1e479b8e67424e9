//! A call between two services, half or wholly known.

use std::sync::Arc;

/// Bytes of an attribute, shared by the spans of a resource.
pub(crate) type Text = Arc<[u8]>;

/// What kind of call it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Connection {
    #[default]
    Unknown,
    MessagingSystem,
    Database,
    VirtualNode,
}

impl Connection {
    /// As the metrics say it.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "",
            Self::MessagingSystem => "messaging_system",
            Self::Database => "database",
            Self::VirtualNode => "virtual_node",
        }
    }
}

/// Which side of a call has no span of its own.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum VirtualNode {
    #[default]
    None,
    Client,
    Server,
}

impl VirtualNode {
    /// As the metrics say it.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Client => "client",
            Self::Server => "server",
        }
    }
}

/// A side of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Client,
    Server,
}

/// A call.
#[derive(Debug, Default)]
pub(crate) struct Edge {
    pub(crate) connection: Connection,
    /// Empty while it is not known.
    pub(crate) client: Option<Text>,
    pub(crate) server: Option<Text>,
    /// Unit: seconds.
    pub(crate) client_latency: f64,
    pub(crate) server_latency: f64,
    pub(crate) failed: bool,
    /// The values of the dimensions: of the client at `2 * index`, of the server behind it.
    pub(crate) dimensions: Vec<Option<Text>>,
    /// What names the other side.
    pub(crate) peer: Option<Text>,
    pub(crate) virtual_node: VirtualNode,
}

impl Edge {
    /// Whether both sides are known.
    pub(crate) fn is_complete(&self) -> bool {
        let is_known = |side: &Option<Text>| side.as_ref().is_some_and(|name| !name.is_empty());
        is_known(&self.client) && is_known(&self.server)
    }
}
