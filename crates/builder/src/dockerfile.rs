//! The `Dockerfile` beside a built program.

/// What the image has to fit.
#[derive(Debug, Clone, Copy)]
pub struct Image<'a> {
    /// The distribution's name.
    pub name: &'a str,
    /// Its version.
    pub version: &'a str,
    /// The newest version of the GNU C library that the program asks for; none for a program
    /// that loads nothing.
    pub glibc: Option<(u32, u32)>,
}

/// Debian releases with the version of the GNU C library that each has, oldest first.
/// Source: the releases' package `libc6`.
const RELEASES: [(&str, (u32, u32)); 2] = [("bookworm", (2, 36)), ("trixie", (2, 41))];

/// Writes the `Dockerfile`. The image holds the program, the libraries that it loads, and the
/// certificate authorities; no shell, no package manager, no root.
#[must_use]
pub fn dockerfile(image: Image<'_>) -> String {
    let Image {
        name,
        version,
        glibc,
    } = image;
    let (release, reason) = match glibc {
        None => (RELEASES[0].0, "The program loads no library.".to_owned()),
        Some((major, minor)) => match RELEASES.iter().find(|(_, has)| *has >= (major, minor)) {
            Some((release, has)) => (
                *release,
                format!(
                    "The program asks for GNU C library {major}.{minor}; \
                     Debian {release} has {}.{}.",
                    has.0, has.1
                ),
            ),
            None => (
                "testing",
                format!("The program asks for GNU C library {major}.{minor}, a very new one."),
            ),
        },
    };
    // `+` may stand in a version and not in a tag.
    let tag = version.replace('+', "-");
    format!(
        r#"# {name} {version}, written by `builder build`. In this folder:
#   docker build --tag {name}:{tag} .
# {reason}
FROM debian:{release}-slim AS files
RUN apt-get update \
 && apt-get install --yes --no-install-recommends ca-certificates
COPY {name} /usr/local/bin/{name}
# The program, the libraries that it loads, and the certificate authorities that it trusts.
RUN mkdir --parents /image/usr/local/bin /image/etc/ssl/certs \
 && cp /usr/local/bin/{name} /image/usr/local/bin/ \
 && cp --dereference /etc/ssl/certs/ca-certificates.crt /image/etc/ssl/certs/ \
 && {{ ldd /usr/local/bin/{name} || true; }} | grep --only-matching '/[^ ]*' | sort --unique \
  | xargs --no-run-if-empty cp --dereference --parents --target-directory /image

FROM scratch
COPY --from=files /image/ /
USER 10001:10001
ENTRYPOINT ["/usr/local/bin/{name}"]
"#
    )
}

/// What of the folder the image is built from: the program alone.
#[must_use]
pub fn dockerignore(name: &str) -> String {
    format!("*\n!{name}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(glibc: Option<(u32, u32)>) -> String {
        let text = dockerfile(Image {
            name: "a",
            version: "1",
            glibc,
        });
        text.lines()
            .find(|line| line.starts_with("FROM"))
            .unwrap()
            .to_owned()
    }

    #[test]
    fn the_base_has_the_library_that_the_program_asks_for() {
        assert_eq!(base(None), "FROM debian:bookworm-slim AS files");
        assert_eq!(base(Some((2, 34))), "FROM debian:bookworm-slim AS files");
        assert_eq!(base(Some((2, 36))), "FROM debian:bookworm-slim AS files");
        assert_eq!(base(Some((2, 39))), "FROM debian:trixie-slim AS files");
        assert_eq!(base(Some((2, 99))), "FROM debian:testing-slim AS files");
    }
}
