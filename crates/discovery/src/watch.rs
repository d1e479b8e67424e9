//! Tells when something in a folder changes.

#[cfg(target_os = "linux")]
pub(crate) use linux::Watcher;
#[cfg(not(target_os = "linux"))]
pub(crate) use other::Watcher;

#[cfg(target_os = "linux")]
mod linux {
    use std::fs::File;
    use std::io;
    use std::path::Path;

    use rustix::fs::inotify::{self, CreateFlags, WatchFlags};
    use tokio::net::unix::pipe::Receiver;

    /// Watches folders with inotify. Its events are read like what comes out of a pipe.
    #[derive(Debug)]
    pub(crate) struct Watcher(Receiver);

    impl Watcher {
        pub(crate) fn new() -> io::Result<Self> {
            let events = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
            Receiver::from_file_unchecked(File::from(events)).map(Self)
        }

        /// Watches a folder. Again costs nothing, and finds one that has come back.
        pub(crate) fn add(&self, folder: &Path) -> io::Result<()> {
            let flags = WatchFlags::CREATE
                | WatchFlags::CLOSE_WRITE
                | WatchFlags::MODIFY
                | WatchFlags::DELETE
                | WatchFlags::MOVE
                | WatchFlags::MOVE_SELF
                | WatchFlags::DELETE_SELF;
            inotify::add_watch(&self.0, folder, flags)?;
            Ok(())
        }

        /// Returns when something has changed since the last time. What it was does not matter:
        /// everything is looked at again.
        pub(crate) async fn changed(&self) -> io::Result<()> {
            let mut buffer = [0_u8; 4096];
            let mut any = false;
            loop {
                match self.0.try_read(&mut buffer) {
                    Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                    Ok(_) => any = true,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                        if any {
                            return Ok(());
                        }
                        self.0.readable().await?;
                    }
                    Err(error) => return Err(error),
                }
            }
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod other {
    use std::io;
    use std::path::Path;

    /// Elsewhere nobody tells; files are read every `refresh_interval`.
    #[derive(Debug)]
    pub(crate) struct Watcher;

    impl Watcher {
        #[expect(clippy::unnecessary_wraps, reason = "it can fail elsewhere")]
        pub(crate) fn new() -> io::Result<Self> {
            Ok(Self)
        }

        #[expect(clippy::unnecessary_wraps, reason = "it can fail elsewhere")]
        pub(crate) fn add(&self, _folder: &Path) -> io::Result<()> {
            Ok(())
        }

        pub(crate) async fn changed(&self) -> io::Result<()> {
            std::future::pending().await
        }
    }
}
