//! What will be sent of a context, and how the engine finds the Dockerfile in it.

use std::{
    collections::BTreeMap,
    fs::File,
    hash::{DefaultHasher, Hasher as _},
    io::{self, Read as _},
    path::{Component, Path, PathBuf},
};

use bytes::Bytes;

use super::{
    Context, Dockerfile,
    ignore::{Ignore, Mistake, Verdict},
};
use crate::{ApiVersion, Error, Result};

const DOCKERFILE: &str = "Dockerfile";
const DOCKERIGNORE: &str = ".dockerignore";

/// Since this version, a Dockerfile may have another name.
const NAMED: ApiVersion = ApiVersion::new(1, 17);

/// The longest Dockerfile from outside, or file of lines, in bytes.
const LONGEST: u64 = 1 << 20;

/// What will be sent.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) directory: Option<PathBuf>,
    pub(super) ignore: Ignore,
    /// What is sent from memory, by path; none stands for a path at which nothing is sent.
    pub(super) files: Files,
    /// What to call the Dockerfile when asking for the build, unless it has its usual name.
    pub(super) dockerfile: Option<String>,
}

/// Files from memory, see [`Plan`].
type Files = BTreeMap<String, Option<Bytes>>;

/// Looks at the files of `context`, of which the Dockerfile may be `named` by the options.
pub(super) fn plan(context: Context, named: Option<&str>, version: ApiVersion) -> Result<Plan> {
    if named.is_some() && !matches!(context.dockerfile, Dockerfile::Usual) {
        return Err(Error::request("the Dockerfile is named twice, by the context and by the options"));
    }
    let mut files = Files::new();
    for (path, content) in context.files {
        files.insert(inside(&path)?, Some(content));
    }
    let Some(directory) = context.directory else {
        let content = match context.dockerfile {
            Dockerfile::Content(content) => Some(content),
            Dockerfile::At(path) => Some(read(&path)?),
            Dockerfile::Usual => None,
        };
        files.insert(DOCKERFILE.into(), content);
        return Ok(Plan { directory: None, ignore: Ignore::default(), files, dockerfile: None });
    };
    let place = Place::find(&directory, context.dockerfile, &files, named)?;
    let lines = Lines::find(&directory, &place, &files)?;
    let ignore = lines.as_ref().map_or_else(|| Ok(Ignore::default()), Lines::parse)?;
    let own_lines = lines.as_ref().is_some_and(|lines| lines.own);
    let mut plan = Plan { directory: Some(directory), ignore, files, dockerfile: None };
    match place {
        // A name from the options goes to the engine, or is refused because of its version.
        Place::Inside { name, .. }
            if (version >= NAMED || named.is_some() || name == DOCKERFILE) && plan.can_hide(&name, own_lines) =>
        {
            plan.keep_dockerfile(name, own_lines);
        }
        place => {
            let content = place.content(&plan.files)?;
            let lines = lines.filter(|lines| !lines.own).map(|lines| lines.text);
            plan.add_dockerfile(content, lines, version);
        }
    }
    Ok(plan)
}

impl Plan {
    /// Whether the engine hides the Dockerfile `name` if it has to: it knows the lines of `.dockerignore` only.
    fn can_hide(&self, name: &str, own_lines: bool) -> bool {
        !own_lines || self.ignore.verdict(name.as_bytes()) == Verdict::Sent
    }

    /// Sends the Dockerfile under its own name.
    fn keep_dockerfile(&mut self, name: String, own_lines: bool) {
        self.ignore.keep(name.as_bytes());
        if own_lines {
            self.files.insert(DOCKERIGNORE.into(), None);
        } else {
            self.ignore.keep(DOCKERIGNORE.as_bytes());
        }
        self.dockerfile = Some(name).filter(|name| name != DOCKERFILE);
    }

    /// Sends a Dockerfile under a name that is no other's, and has the engine hide it with one line more.
    fn add_dockerfile(&mut self, content: Bytes, lines: Option<Bytes>, version: ApiVersion) {
        self.dockerfile = (version >= NAMED).then(|| made_up_name(&content));
        let name = self.dockerfile.clone().unwrap_or_else(|| DOCKERFILE.into());
        let lines = lines.unwrap_or_else(|| DOCKERIGNORE.into());
        let lines = [&*lines, b"\n", name.as_bytes(), b"\n"].concat();
        self.files.insert(DOCKERIGNORE.into(), Some(lines.into()));
        self.files.insert(name, Some(content));
    }
}

/// The same for the same content, so that what the engine remembers of the last build serves the next.
fn made_up_name(content: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    hasher.write(content);
    format!(".dockerfile.{:016x}", hasher.finish())
}

/// Where a Dockerfile is.
enum Place {
    /// In the context under this name, at this path of this machine.
    Inside { name: String, path: PathBuf },
    /// At this path of this machine.
    Outside(PathBuf),
    /// Nowhere: it is this.
    Content(Bytes),
}

impl Place {
    fn find(directory: &Path, dockerfile: Dockerfile, files: &Files, named: Option<&str>) -> Result<Self> {
        let root = directory.canonicalize().map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => Error::request(format!("there is no directory {}", directory.display())),
            _ => Error::unread(directory, error),
        })?;
        if !root.is_dir() {
            return Err(Error::request(format!("{} is no directory", directory.display())));
        }
        let path = match dockerfile {
            Dockerfile::Content(content) => return Ok(Self::Content(content)),
            Dockerfile::At(path) => path,
            Dockerfile::Usual => {
                let name = inside(named.unwrap_or(DOCKERFILE))?;
                let path = directory.join(&name);
                if files.contains_key(&name) {
                    return Ok(Self::Inside { name, path });
                }
                let other = directory.join(name.to_lowercase());
                // As the command line does, which does not say so either.
                if named.is_none() && !path.exists() && other.exists() { other } else { path }
            }
        };
        let real = path.canonicalize().map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => Error::request(format!("there is no Dockerfile at {}", path.display())),
            _ => Error::unread(&path, error),
        })?;
        if !real.is_file() {
            return Err(Error::request(format!("the Dockerfile at {} is no file", path.display())));
        }
        Ok(match real.strip_prefix(&root).ok().and_then(Path::to_str) {
            Some(name) => Self::Inside { name: name.to_owned(), path: real },
            None => Self::Outside(path),
        })
    }

    /// Where lines for this Dockerfile alone would be.
    fn own_lines(&self) -> Option<PathBuf> {
        match self {
            Self::Inside { path, .. } | Self::Outside(path) => {
                let mut path = path.clone().into_os_string();
                path.push(DOCKERIGNORE);
                Some(path.into())
            }
            Self::Content(_) => None,
        }
    }

    fn content(self, files: &Files) -> Result<Bytes> {
        match self {
            Self::Inside { name, path } => match files.get(&name) {
                Some(Some(content)) => Ok(content.clone()),
                _ => read(&path),
            },
            Self::Outside(path) => read(&path),
            Self::Content(content) => Ok(content),
        }
    }
}

/// The lines that say what is left out.
struct Lines {
    path: PathBuf,
    text: Bytes,
    /// They are for the Dockerfile alone, and nothing that the engine looks at.
    own: bool,
}

impl Lines {
    fn find(directory: &Path, place: &Place, files: &Files) -> Result<Option<Self>> {
        if let Some(path) = place.own_lines()
            && let Some(text) = read_if_there(&path)?
        {
            return Ok(Some(Self { path, text, own: true }));
        }
        let path = directory.join(DOCKERIGNORE);
        let text = match files.get(DOCKERIGNORE) {
            Some(content) => content.clone(),
            None => read_if_there(&path)?,
        };
        Ok(text.map(|text| Self { path, text, own: false }))
    }

    fn parse(&self) -> Result<Ignore> {
        Ignore::parse(&self.text).map_err(|mistake| {
            let Mistake { line, text, why } = mistake;
            Error::request(format!("{}, line {line}: {text:?} is no pattern: {why}", self.path.display()))
        })
    }
}

/// A path in a context, tidied.
fn inside(path: &str) -> Result<String> {
    let mut parts = Vec::new();
    for part in Path::new(path).components() {
        match part {
            Component::CurDir => {}
            Component::Normal(part) => parts.extend(part.to_str()),
            Component::Prefix(_) | Component::RootDir | Component::ParentDir => {
                return Err(Error::request(format!("{path:?} lies outside of the context")));
            }
        }
    }
    if parts.is_empty() { Err(Error::request(format!("{path:?} is no file"))) } else { Ok(parts.join("/")) }
}

/// The content of a small file.
fn read(path: &Path) -> Result<Bytes> {
    let mut content = Vec::new();
    let file = File::open(path).map_err(|error| Error::unread(path, error))?;
    file.take(LONGEST + 1).read_to_end(&mut content).map_err(|error| Error::unread(path, error))?;
    if content.len() as u64 > LONGEST {
        return Err(Error::request(format!("{} is longer than {LONGEST} bytes", path.display())));
    }
    Ok(content.into())
}

fn read_if_there(path: &Path) -> Result<Option<Bytes>> {
    if path.try_exists().map_err(|error| Error::unread(path, error))? { read(path).map(Some) } else { Ok(None) }
}
