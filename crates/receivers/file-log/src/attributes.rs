//! Attributes that say which file a record comes from.

use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::config::FilelogConfig;

/// Attributes of one file, made when it is opened.
pub(crate) type FileAttributes = Vec<(&'static str, String)>;

/// What the configuration wants to know of a file.
pub(crate) fn of(config: &FilelogConfig, path: &Path, metadata: &Metadata) -> FileAttributes {
    let text = |path: &Path| path.to_string_lossy().into_owned();
    let name = |path: &Path| {
        path.file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default()
    };
    let mut attributes = Vec::new();
    if config.include_file_name {
        attributes.push(("log.file.name", name(path)));
    }
    if config.include_file_path {
        attributes.push(("log.file.path", text(path)));
    }
    if config.include_file_name_resolved || config.include_file_path_resolved {
        let resolved = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        if config.include_file_name_resolved {
            attributes.push(("log.file.name_resolved", name(&resolved)));
        }
        if config.include_file_path_resolved {
            attributes.push(("log.file.path_resolved", text(&resolved)));
        }
    }
    if config.include_file_owner_name {
        let owner = named("/etc/passwd", metadata.uid());
        attributes.extend(owner.map(|owner| ("log.file.owner.name", owner)));
    }
    if config.include_file_owner_group_name {
        let group = named("/etc/group", metadata.gid());
        attributes.extend(group.map(|group| ("log.file.owner.group.name", group)));
    }
    if config.include_file_permissions {
        let permissions = format!("{:03o}", metadata.mode() & 0o777);
        attributes.push(("log.file.permissions", permissions));
    }
    attributes
}

/// The name that a number has in one of the system's lists.
fn named(list: &str, id: u32) -> Option<String> {
    let list = fs::read_to_string(list).ok()?;
    let id = id.to_string();
    list.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == id).then(|| name.to_owned())
    })
}
