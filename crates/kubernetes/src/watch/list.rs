//! Pages of lists.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::api::{Answer, ApiError};
use crate::objects::Kind;
use crate::watch::Sink;

/// Longer pages are asked for in smaller parts: a page of 500 pods is about 5 MB.
const LONGEST_PAGE: usize = 64 << 20;

/// A page of a list.
#[derive(Debug, Deserialize)]
#[serde(bound = "I: DeserializeOwned")]
pub(super) struct List<I> {
    pub(super) metadata: ListMeta,
    #[serde(deserialize_with = "items")]
    pub(super) items: Vec<I>,
}

#[derive(Debug, Deserialize)]
pub(super) struct ListMeta {
    /// Where a watch goes on.
    #[serde(rename = "resourceVersion")]
    pub(super) version: String,
    /// What the next page is asked for with; empty after the last one.
    #[serde(rename = "continue", default)]
    pub(super) next: String,
}

fn items<'de, D, K>(deserializer: D) -> Result<Vec<K>, D::Error>
where
    D: serde::Deserializer<'de>,
    K: Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// The form in which a list is asked for.
pub(super) const fn accept(kind: &Kind) -> &'static str {
    if kind.metadata_only {
        "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"
    } else {
        "application/json"
    }
}

/// Reads a page.
pub(super) async fn read<S: Sink>(answer: &mut Answer) -> Result<List<S::Item>, ApiError> {
    let body = answer.whole(LONGEST_PAGE).await?;
    let page: List<S::Item> = serde_json::from_slice(&body)
        .map_err(|error| ApiError::Garbage(format!("the list is no list: {error}")))?;
    if !page.items.iter().all(S::has_name) {
        return Err(ApiError::Garbage("an object without a name".to_owned()));
    }
    Ok(page)
}
