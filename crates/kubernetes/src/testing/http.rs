//! Just enough of HTTP/1.1: requests without bodies, answers in chunks.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{
    AsyncBufRead, AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader,
};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::Fault;
use super::selects::Wanted;
use super::state::{Change, Request, State, kind_at};

pub(super) async fn serve(listener: TcpListener, tls: Option<TlsAcceptor>, state: Arc<State>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((socket, _)) = accepted else { return };
                if state.is_away() {
                    continue;
                }
                let (tls, state) = (tls.clone(), Arc::clone(&state));
                connections.spawn(async move {
                    let mut news = state.news();
                    let before = news.borrow_and_update().disconnected;
                    let served = async {
                        match tls {
                            None => connection(socket, &state).await,
                            Some(tls) => connection(tls.accept(socket).await?, &state).await,
                        }
                    };
                    let cut = news.wait_for(|news| news.disconnected != before);
                    tokio::select! {
                        // Clients go when they like.
                        _ = served => {}
                        _ = cut => {}
                    }
                });
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn connection(io: impl AsyncRead + AsyncWrite + Unpin, state: &State) -> io::Result<()> {
    let mut io = BufReader::new(io);
    loop {
        let mut line = String::new();
        if io.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let target = line.split(' ').nth(1).unwrap_or_default().to_owned();
        let mut headers = HashMap::new();
        loop {
            let mut line = String::new();
            io.read_line(&mut line).await?;
            match line.trim_end().split_once(": ") {
                Some((name, value)) => headers.insert(name.to_lowercase(), value.to_owned()),
                None => break,
            };
        }
        let header = |name: &str| headers.get(name).cloned().unwrap_or_default();
        let request = Request {
            target,
            accept: header("accept"),
            authorization: header("authorization"),
        };
        answer(&mut io, request, state).await?;
        io.flush().await?;
    }
}

async fn answer(
    io: &mut (impl AsyncBufRead + AsyncWrite + Unpin),
    request: Request,
    state: &State,
) -> io::Result<()> {
    if !state.admit(request.clone()) {
        return refuse(io, 401, "Unauthorized").await;
    }
    match state.fault(&request.target) {
        Some(Fault::Status(code)) => return refuse(io, code, "as the test wants it").await,
        Some(Fault::Garbage) => return whole(io, 200, "{\"items\": <html>\n").await,
        Some(Fault::Cut) => {
            io.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"items")
                .await?;
            io.flush().await?;
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        Some(Fault::Slow(time)) => tokio::time::sleep(time).await,
        None => {}
    }
    let (path, query) = request
        .target
        .split_once('?')
        .unwrap_or((&request.target, ""));
    let query: HashMap<_, _> = query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(key, value)| (key, decoded(value)))
        .collect();
    let text = |key: &str| query.get(key).cloned().unwrap_or_default();
    let Some((kind, namespace)) = kind_at(path) else {
        return refuse(io, 404, "the server could not find the requested resource").await;
    };
    let wanted = Wanted {
        namespace,
        label: text("labelSelector"),
        field: text("fieldSelector"),
    };
    let metadata_only = request.accept.contains("as=PartialObjectMetadata");
    if query
        .get("sendInitialEvents")
        .is_some_and(|it| it == "true")
    {
        return refuse(io, 422, "sendInitialEvents is forbidden").await;
    }
    if matches!(text("watch").as_str(), "true" | "1") {
        let watch = Watch {
            kind,
            wanted,
            metadata_only,
            bookmarks: text("allowWatchBookmarks") == "true",
            seconds: text("timeoutSeconds").parse().unwrap_or(1800),
        };
        let from = text("resourceVersion").parse().unwrap_or_default();
        let _open = state.watch_opened();
        return watch.run(io, from, state).await;
    }
    let limit = text("limit").parse().unwrap_or(usize::MAX);
    match list(
        state,
        kind,
        &wanted,
        metadata_only,
        limit,
        &text("continue"),
    ) {
        Some(list) => whole(io, 200, &list.to_string()).await,
        None => refuse(io, 410, "The provided continue parameter is too old").await,
    }
}

fn list(
    state: &State,
    kind: &str,
    wanted: &Wanted,
    metadata_only: bool,
    limit: usize,
    next: &str,
) -> Option<Value> {
    let now = state.now();
    let (version, skip) = match next.split_once('/') {
        Some((version, skip)) => (version.parse().ok()?, skip.parse().ok()?),
        None => (now.version, 0),
    };
    if version < now.forgotten {
        return None;
    }
    let objects: Vec<_> = state.objects(kind);
    let objects: Vec<_> = objects
        .iter()
        .filter(|object| wanted.matches(object))
        .collect();
    let items = objects.iter().skip(skip).take(limit);
    let items: Vec<_> = items
        .map(|object| shown(object, metadata_only, false))
        .collect();
    let end = skip + items.len();
    let mut metadata = json!({"resourceVersion": version.to_string()});
    if end < objects.len() {
        metadata["continue"] = json!(format!("{version}/{end}"));
        metadata["remainingItemCount"] = json!(objects.len() - end);
    }
    let (kind, api) = if metadata_only {
        ("PartialObjectMetadataList".to_owned(), "meta.k8s.io/v1")
    } else {
        (format!("{kind}List"), api_version(kind))
    };
    Some(json!({"kind": kind, "apiVersion": api, "metadata": metadata, "items": items}))
}

/// An object as it is shown: items of lists do not say their kind.
fn shown(object: &Value, metadata_only: bool, with_kind: bool) -> Value {
    let mut shown = if metadata_only {
        json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1",
               "metadata": object["metadata"]})
    } else {
        object.clone()
    };
    if let Some(fields) = shown.as_object_mut() {
        if !with_kind && !metadata_only {
            fields.remove("kind");
            fields.remove("apiVersion");
        } else if !metadata_only {
            let kind = object["kind"].as_str().unwrap_or_default();
            fields.insert("apiVersion".to_owned(), json!(api_version(kind)));
        }
    }
    shown
}

fn api_version(kind: &str) -> &'static str {
    match kind {
        "EndpointSlice" => "discovery.k8s.io/v1",
        "Ingress" => "networking.k8s.io/v1",
        "ReplicaSet" => "apps/v1",
        "Job" => "batch/v1",
        _ => "v1",
    }
}

struct Watch {
    kind: &'static str,
    wanted: Wanted,
    metadata_only: bool,
    bookmarks: bool,
    seconds: u64,
}

impl Watch {
    async fn run(
        &self,
        io: &mut (impl AsyncBufRead + AsyncWrite + Unpin),
        mut from: u64,
        state: &State,
    ) -> io::Result<()> {
        let mut news = state.news();
        let mut seen = *news.borrow_and_update();
        if from == 0 {
            from = seen.version;
        }
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
        io.write_all(head.as_bytes()).await?;
        let end = tokio::time::sleep(Duration::from_secs(self.seconds));
        tokio::pin!(end);
        loop {
            let Some(changes) = state.changes(self.kind, from) else {
                let status = status(410, "too old resource version");
                chunk(io, &json!({"type": "ERROR", "object": status})).await?;
                break;
            };
            for change in changes {
                from = change.version;
                if let Some(event) = self.event(&change) {
                    chunk(io, &event).await?;
                }
            }
            io.flush().await?;
            tokio::select! {
                () = &mut end => break,
                // A client that has gone; none of them sends another request before this one ends.
                _ = io.fill_buf() => return Ok(()),
                changed = news.changed() => if changed.is_err() { break },
            }
            let now = *news.borrow_and_update();
            if now.bookmarked != seen.bookmarked && self.bookmarks {
                // Everything up to this version has been sent, or is about to be.
                if let Some(changes) = state.changes(self.kind, from)
                    && changes.is_empty()
                {
                    from = now.version;
                    let metadata = json!({"resourceVersion": from.to_string()});
                    let object = json!({"kind": self.kind, "metadata": metadata});
                    chunk(io, &json!({"type": "BOOKMARK", "object": object})).await?;
                }
            }
            if now.ended != seen.ended {
                break;
            }
            seen = now;
        }
        io.write_all(b"0\r\n\r\n").await
    }

    /// What a change is to who wants only some objects.
    fn event(&self, change: &Change) -> Option<Value> {
        let matches = |object: &Option<Value>| {
            object
                .as_ref()
                .is_some_and(|object| self.wanted.matches(object))
        };
        let (kind, object) = match (matches(&change.before), matches(&change.after)) {
            (false, false) => return None,
            (false, true) => ("ADDED", change.after.as_ref()),
            (true, true) => ("MODIFIED", change.after.as_ref()),
            (true, false) => ("DELETED", change.before.as_ref()),
        };
        let mut object = shown(object?, self.metadata_only, true);
        object["metadata"]["resourceVersion"] = json!(change.version.to_string());
        Some(json!({"type": kind, "object": object}))
    }
}

async fn chunk(io: &mut (impl AsyncWrite + Unpin), event: &Value) -> io::Result<()> {
    let line = format!("{event}\n");
    io.write_all(format!("{:x}\r\n{line}\r\n", line.len()).as_bytes())
        .await
}

async fn whole(io: &mut (impl AsyncWrite + Unpin), code: u16, body: &str) -> io::Result<()> {
    let head = format!(
        "HTTP/1.1 {code} X\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    io.write_all(head.as_bytes()).await?;
    io.write_all(body.as_bytes()).await
}

fn status(code: u16, message: &str) -> Value {
    let reason = match code {
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "NotFound",
        410 => "Expired",
        422 => "Invalid",
        _ => "InternalError",
    };
    json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
           "message": message, "reason": reason, "code": code})
}

async fn refuse(io: &mut (impl AsyncWrite + Unpin), code: u16, message: &str) -> io::Result<()> {
    whole(io, code, &status(code, message).to_string()).await
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits: Vec<_> = rest.by_ref().take(2).collect();
                let digits = std::str::from_utf8(&digits).unwrap_or_default();
                u8::from_str_radix(digits, 16).unwrap_or(b'?')
            }
            other => other,
        });
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
