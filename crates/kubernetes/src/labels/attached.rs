//! Labels of objects that others belong to.

use headwater_prometheus::Labels;

use super::{Attach, Lookup, set_meta, set_pairs};

/// Adds the labels of the namespace that an object lives in.
pub(super) fn set_namespace(
    labels: &mut Labels,
    name: &str,
    attach: Attach,
    lookup: &mut dyn Lookup,
) {
    if attach.namespace
        && let Some(namespace) = lookup.namespace(name)
    {
        // Its name is there already, as the namespace of the object.
        set_pairs(labels, "namespace", &namespace.metadata);
    }
}

/// Adds the labels of a node and says whether it is known.
pub(super) fn set_node(labels: &mut Labels, name: &str, lookup: &mut dyn Lookup) -> bool {
    lookup.node(name).is_some_and(|node| {
        set_meta(labels, "node", &node.metadata);
        true
    })
}
