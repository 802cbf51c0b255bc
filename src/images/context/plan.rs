//! Planning of the content of a build context: files, ignore rules, and the name of the Dockerfile.

use std::{
    collections::BTreeMap,
    fs::File,
    hash::{DefaultHasher, Hasher as _},
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use bytes::Bytes;

use super::{
    Context, Dockerfile,
    ignore::{Ignore, Inclusion, ParseError},
    name,
    resolve::{Target, resolve},
};
use crate::{
    ApiVersion, Error, Result, platform, regular_file,
    stream::{Kind, RootDir, WalkEntry},
};

pub(super) const DOCKERFILE: &str = "Dockerfile";
pub(super) const DOCKERIGNORE: &str = ".dockerignore";
/// Podman's name for `.dockerignore`.
const CONTAINERIGNORE: &str = ".containerignore";

/// Since this version, the Dockerfile may have another name.
const DOCKERFILE_NAMES: ApiVersion = ApiVersion::new(1, 17);

/// Maximum size of a `.dockerignore`, and of a Dockerfile that is not sent as a file of the directory, in bytes.
const MAX_SIZE: u64 = 1 << 20;

/// The content of a build context.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) directory: Option<RootDir>,
    pub(super) ignore: Ignore,
    /// Files from memory, by path; `None` for a path at which nothing is sent.
    pub(super) files: Files,
    /// The parameter `dockerfile` of the request, unless the name is `Dockerfile`.
    pub(super) dockerfile: Option<String>,
}

/// Files from memory, see [`Plan`].
type Files = BTreeMap<String, Option<Bytes>>;

/// Plans the content of `context`. `named` is the Dockerfile that the options name.
pub(super) fn plan(context: Context, named: Option<&str>, version: ApiVersion) -> Result<Plan> {
    if named.is_some() && !matches!(context.dockerfile, Dockerfile::Usual) {
        return Err(Error::invalid_input("the Dockerfile is set both in the context and with dockerfile()"));
    }
    let files = files(context.files)?;
    let Some(directory) = context.directory else {
        return without_directory(context.dockerfile, files);
    };
    let mut tree = Tree::open(&directory)?;
    let source = tree.dockerfile(context.dockerfile, &files, named)?;
    let ignore_file = tree.ignore_file(&source, &files)?;
    let ignore = ignore_file.as_ref().map_or_else(|| Ok(Ignore::default()), IgnoreFile::parse)?;
    let specific = ignore_file.as_ref().is_some_and(|file| file.specific);
    let mut plan = Plan { directory: None, ignore, files, dockerfile: None };
    match source {
        // A name from the options is sent to the engine, which rejects it if its version is too old.
        DockerfileSource::Inside(name)
            if (version >= DOCKERFILE_NAMES || named.is_some() || name == DOCKERFILE)
                && plan.can_hide(&name, specific) =>
        {
            plan.keep_dockerfile(name, specific);
        }
        source => {
            let content = tree.content(source, &plan.files)?;
            let lines = ignore_file.filter(|file| !file.specific).map(|file| file.text);
            plan.add_dockerfile(content, lines, version);
        }
    }
    tree.check_links(&plan)?;
    plan.directory = Some(tree.root);
    Ok(plan)
}

/// Plans a context in which no Dockerfile is looked up: all its files. The engine applies `.dockerignore`.
#[cfg(feature = "buildkit")]
pub(super) fn plan_all(context: Context) -> Result<Plan> {
    let files = files(context.files)?;
    let Some(directory) = context.directory else {
        return without_directory(context.dockerfile, files);
    };
    if !matches!(context.dockerfile, Dockerfile::Usual) {
        return Err(Error::invalid_input("only the main build context can have a separate Dockerfile"));
    }
    let tree = Tree::open(&directory)?;
    Ok(Plan { directory: Some(tree.root), ignore: Ignore::default(), files, dockerfile: None })
}

/// Normalizes and checks the paths of files from memory.
fn files(given: BTreeMap<String, Bytes>) -> Result<Files> {
    let mut files = Files::new();
    for (path, content) in given {
        let name = name::clean(&path)?;
        if files.insert(name, Some(content)).is_some() {
            return Err(Error::invalid_input(format!("the file {path:?} is added twice")));
        }
    }
    for name in files.keys() {
        if let Some(file) = name::directories(name).find(|directory| files.contains_key(*directory)) {
            return Err(Error::invalid_input(format!(
                "failed to add file {name:?}: {file:?} is both a file and a directory"
            )));
        }
    }
    Ok(files)
}

/// Plans a context without a directory.
fn without_directory(dockerfile: Dockerfile, mut files: Files) -> Result<Plan> {
    let content = match dockerfile {
        Dockerfile::Content(content) => Some(content),
        Dockerfile::At(path) => Some(read(regular_file::open(&path)?.0, &path)?),
        Dockerfile::Usual => None,
    };
    if files.insert(DOCKERFILE.into(), content).is_some() {
        return Err(Error::invalid_input("the file \"Dockerfile\" is added twice"));
    }
    Ok(Plan { directory: None, ignore: Ignore::default(), files, dockerfile: None })
}

impl Plan {
    /// Whether a file from memory replaces an entry of the directory.
    pub(super) fn replaces(&self, found: &WalkEntry) -> bool {
        let path = platform::path_bytes(&found.path);
        let Ok(path) = std::str::from_utf8(&path) else { return false };
        let has_file_below = || {
            let below = format!("{path}/");
            self.files.range(below.clone()..).next().is_some_and(|(name, _)| name.starts_with(&below))
        };
        self.files.contains_key(path) || (found.kind != Kind::Directory && has_file_below())
    }

    /// Returns the content of the file from memory at this path of the directory, if there is one.
    #[cfg(feature = "buildkit")]
    pub(super) fn file(&self, path: &Path) -> Option<&Bytes> {
        let path = platform::path_bytes(path);
        self.files.get(std::str::from_utf8(&path).ok()?)?.as_ref()
    }

    /// Whether the engine can hide the Dockerfile `name` from `COPY` if the rules exclude it: not if they are `specific` to
    /// this Dockerfile, because engines read only `.dockerignore`.
    fn can_hide(&self, name: &str, specific: bool) -> bool {
        !specific || self.ignore.inclusion(name.as_bytes()) == Inclusion::Included
    }

    /// Sends the Dockerfile under its own name.
    fn keep_dockerfile(&mut self, name: String, specific: bool) {
        self.ignore.include(name.as_bytes());
        if specific {
            self.files.insert(DOCKERIGNORE.into(), None);
        } else {
            self.ignore.include(DOCKERIGNORE.as_bytes());
        }
        self.dockerfile = Some(name).filter(|name| name != DOCKERFILE);
    }

    /// Sends the Dockerfile under a unique name, and adds a line to `.dockerignore` that hides it from `COPY`.
    fn add_dockerfile(&mut self, content: Bytes, lines: Option<Bytes>, version: ApiVersion) {
        self.dockerfile = (version >= DOCKERFILE_NAMES).then(|| generated_name(&content));
        let name = self.dockerfile.clone().unwrap_or_else(|| DOCKERFILE.into());
        let lines = lines.unwrap_or_else(|| DOCKERIGNORE.into());
        let lines = [&*lines, b"\n", name.as_bytes(), b"\n"].concat();
        self.files.insert(DOCKERIGNORE.into(), Some(lines.into()));
        self.files.insert(name, Some(content));
    }
}

/// Returns a name that depends only on the content, so that the build cache is used.
fn generated_name(content: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    hasher.write(content);
    format!(".dockerfile.{:016x}", hasher.finish())
}

/// The source of the Dockerfile.
enum DockerfileSource {
    /// A file of the context, by name.
    Inside(String),
    /// A file outside of the context: the path that the caller passed, and the real path without links.
    Outside { path: PathBuf, real: PathBuf },
    /// Content in memory.
    Content(Bytes),
}

/// The directory of a context.
struct Tree {
    /// The real path, see [`platform::real_path`].
    real: PathBuf,
    root: RootDir,
}

impl Tree {
    fn open(directory: &Path) -> Result<Self> {
        let failed = |cause| Error::local_io(format!("failed to open build context {}: {cause}", directory.display()));
        let real = platform::real_path(directory).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => failed("no such directory"),
            _ => Error::read_failed(directory, error),
        })?;
        if !real.is_dir() {
            return Err(failed("not a directory"));
        }
        Ok(Self { root: RootDir::open(&real)?, real })
    }

    fn dockerfile(&mut self, dockerfile: Dockerfile, files: &Files, named: Option<&str>) -> Result<DockerfileSource> {
        let path = match dockerfile {
            Dockerfile::Content(content) => return Ok(DockerfileSource::Content(content)),
            Dockerfile::At(path) => path,
            Dockerfile::Usual => {
                let name = name::clean(named.unwrap_or(DOCKERFILE))?;
                if files.contains_key(&name) {
                    return Ok(DockerfileSource::Inside(name));
                }
                let (path, other) = (self.real.join(&name), self.real.join(name.to_lowercase()));
                // Falls back to `dockerfile`, as the Docker CLI does.
                let is_other = named.is_none() && path.symlink_metadata().is_err() && other.symlink_metadata().is_ok();
                if is_other { other } else { path }
            }
        };
        match resolve(&self.real, &path)? {
            Some(Target::Inside(name)) => {
                self.root.file(Path::new(&name))?;
                Ok(DockerfileSource::Inside(name))
            }
            Some(Target::Outside(real)) => Ok(DockerfileSource::Outside { path, real }),
            None => Err(Error::local_io(format!("failed to find Dockerfile {}: no such file", path.display()))),
        }
    }

    /// Reads the ignore file.
    fn ignore_file(&mut self, source: &DockerfileSource, files: &Files) -> Result<Option<IgnoreFile>> {
        if let Some(path) = self.specific_ignore_path(source)
            && let Some(text) = self.read_if_there(&path)?
        {
            return Ok(Some(IgnoreFile { path, text, specific: true }));
        }
        let path = self.real.join(DOCKERIGNORE);
        let text = match files.get(DOCKERIGNORE) {
            Some(content) => content.clone(),
            None => self.read_if_there(&path)?,
        };
        Ok(text.map(|text| IgnoreFile { path, text, specific: false }))
    }

    /// Returns the path of the ignore file that is specific to this Dockerfile: `<Dockerfile>.dockerignore`.
    fn specific_ignore_path(&self, source: &DockerfileSource) -> Option<PathBuf> {
        let mut path = match source {
            DockerfileSource::Inside(name) => self.real.join(name).into_os_string(),
            DockerfileSource::Outside { path, .. } => path.clone().into_os_string(),
            DockerfileSource::Content(_) => return None,
        };
        path.push(DOCKERIGNORE);
        Some(path.into())
    }

    /// Checks that ignore files are not links out of the context. Podman would follow such a link on its own machine, and
    /// report lines of the target in an error; before Podman 4.4 also for `.containerignore` (CVE-2022-4122).
    fn check_links(&self, plan: &Plan) -> Result<()> {
        let dockerfile = plan.dockerfile.as_deref().unwrap_or(DOCKERFILE);
        let beside = [CONTAINERIGNORE, DOCKERIGNORE].map(|end| format!("{dockerfile}{end}"));
        for name in [CONTAINERIGNORE].into_iter().chain(beside.iter().map(String::as_str)) {
            if !plan.files.contains_key(name) && plan.ignore.inclusion(name.as_bytes()) == Inclusion::Included {
                resolve(&self.real, &self.real.join(name))?;
            }
        }
        Ok(())
    }

    fn content(&mut self, source: DockerfileSource, files: &Files) -> Result<Bytes> {
        match source {
            DockerfileSource::Inside(name) => match files.get(&name) {
                Some(Some(content)) => Ok(content.clone()),
                _ => self.read(&name),
            },
            DockerfileSource::Outside { real, .. } => read(regular_file::open(&real)?.0, &real),
            DockerfileSource::Content(content) => Ok(content),
        }
    }

    fn read_if_there(&mut self, path: &Path) -> Result<Option<Bytes>> {
        match resolve(&self.real, path)? {
            Some(Target::Inside(name)) => self.read(&name).map(Some),
            Some(Target::Outside(real)) => read(regular_file::open(&real)?.0, &real).map(Some),
            None => Ok(None),
        }
    }

    /// Reads a file of the directory.
    fn read(&mut self, name: &str) -> Result<Bytes> {
        let (file, _) = self.root.file(Path::new(name))?;
        read(file, &self.root.locate(Path::new(name)))
    }
}

/// An ignore file.
struct IgnoreFile {
    path: PathBuf,
    text: Bytes,
    /// Whether the file is specific to the Dockerfile. Engines do not read such a file.
    specific: bool,
}

impl IgnoreFile {
    fn parse(&self) -> Result<Ignore> {
        Ignore::parse(&self.text).map_err(|ParseError { line, reason }| {
            Error::invalid_input(format!("failed to parse {}: line {line}: {reason}", self.path.display()))
        })
    }
}

/// Reads a file of at most [`MAX_SIZE`] bytes.
fn read(file: File, path: &Path) -> Result<Bytes> {
    let mut content = Vec::new();
    file.take(MAX_SIZE + 1).read_to_end(&mut content).map_err(|error| Error::read_failed(path, error))?;
    if content.len() as u64 > MAX_SIZE {
        return Err(Error::local_io(format!("failed to read {}: larger than {MAX_SIZE} bytes", path.display())));
    }
    Ok(content.into())
}
