//! The stages of a Dockerfile that a build needs, and their steps.

use std::collections::{BTreeMap, BTreeSet};

use tonic::Status;

use super::{
    not_simulated,
    request::{BuildRequest, check_syntax},
};
use crate::{
    simulate::{
        build::SecretMount,
        dockerfile::{self, Instruction, split_words},
    },
    state::files::clean,
};

/// The steps of a build.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) steps: Vec<Instruction>,
    pub(super) stages: Vec<Stage>,
}

/// A stage that is built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stage {
    /// The name in the descriptions of its steps; empty if it is the only stage of the Dockerfile.
    pub(super) label: String,
    pub(super) base: Base,
    /// The number of its steps in the graph.
    pub(super) steps: usize,
    /// Whether the cache is not used.
    pub(super) ignores_cache: bool,
}

/// The base of a stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Base {
    Scratch,
    Image(String),
    /// The stage with this number among those that are built.
    Stage(usize),
}

/// A stage of the Dockerfile.
struct Parsed {
    name: String,
    base: String,
    /// The stage that it is based on.
    parent: Option<usize>,
    /// Its instructions, of which the first is `FROM`.
    steps: Vec<Instruction>,
}

impl Plan {
    /// Selects the stages that the target of `request` needs.
    pub(super) fn new(dockerfile: &str, request: &BuildRequest) -> Result<Self, Status> {
        if let Some(image) = syntax(dockerfile) {
            check_syntax(image)?;
        }
        let steps = dockerfile::parse(dockerfile).map_err(|error| match dockerfile.contains("<<") {
            true => not_simulated("here-documents"),
            false => Status::unknown(error.message.replace("parse error line", "parse error on line")),
        })?;
        let (global, stages) = parse_stages(steps, request)?;
        let target = find_target(&stages, &request.target)?;
        let needed = needed(&stages, target);
        let numbers: BTreeMap<usize, usize> = needed.iter().copied().zip(0..).collect();
        let mut plan = Self { steps: global, stages: Vec::new() };
        for (index, stage) in stages.iter().enumerate().filter(|(index, _)| needed.contains(index)) {
            let mut steps: Vec<Instruction> =
                stage.steps.iter().map(|step| renumbered(step, &stages[..index], &numbers)).collect();
            if let (Some(parent), Some(from)) = (stage.parent, steps.first_mut()) {
                // The case of the name may differ.
                from.rest = format!("{} AS {}", stages[parent].name, stage.name);
            }
            if let Some(what) = steps.iter().find_map(unsupported) {
                return Err(not_simulated(what));
            }
            plan.stages.push(stage.planned(index, stages.len(), &numbers, request));
            plan.steps.extend(steps);
        }
        plan.steps.extend(request.labels.iter().map(|(name, value)| Instruction::label(name, value)));
        Ok(plan)
    }

    /// The paths of the build context that are copied: everything if the list is empty, nothing if it is `None`.
    pub(super) fn context_paths(&self) -> Option<Vec<String>> {
        let copies = self.steps.iter().filter(|step| is_copy(step) && source_stage(step).is_none());
        let mut paths = BTreeSet::new();
        for step in copies {
            let names = serde_json::from_str::<Vec<String>>(&step.rest).unwrap_or_else(|_| split_words(&step.rest));
            let sources = names.split_last().map_or(&[][..], |(_, sources)| sources);
            // Variables are substituted later.
            let path = |source: &String| if source.contains('$') { "/".to_owned() } else { clean(source) };
            paths.extend(sources.iter().map(path));
        }
        let everything = paths.contains("/");
        let relative = paths.iter().filter(|_| !everything).map(|path| path.trim_start_matches('/').to_owned());
        (!paths.is_empty()).then(|| relative.collect())
    }
}

impl Parsed {
    fn planned(&self, index: usize, stages: usize, numbers: &BTreeMap<usize, usize>, request: &BuildRequest) -> Stage {
        let base = match self.parent.and_then(|parent| numbers.get(&parent)) {
            Some(number) => Base::Stage(*number),
            None if self.base == "scratch" => Base::Scratch,
            None => Base::Image(self.base.clone()),
        };
        let label = match &*self.name {
            _ if stages == 1 => String::new(),
            "" => format!("stage-{index}"),
            name => name.to_owned(),
        };
        let is_named = |stage: &String| stage.eq_ignore_ascii_case(&self.name);
        let ignores_cache =
            request.no_cache.as_ref().is_some_and(|stages| stages.is_empty() || stages.iter().any(is_named));
        let steps = self.steps.iter().filter(|step| is_in_graph(&step.keyword)).count();
        let steps = steps + usize::from(matches!(base, Base::Image(_)));
        Stage { label, base, steps, ignores_cache }
    }
}

/// Whether an instruction is a step of the graph. Others change only the configuration.
pub(super) fn is_in_graph(keyword: &str) -> bool {
    matches!(keyword, "RUN" | "COPY" | "ADD" | "WORKDIR")
}

/// The number or the name of the stage that an instruction copies from.
pub(super) fn source_stage(step: &Instruction) -> Option<&str> {
    step.flags.iter().filter(|_| is_copy(step)).find_map(|flag| flag.strip_prefix("from="))
}

fn is_copy(step: &Instruction) -> bool {
    matches!(&*step.keyword, "COPY" | "ADD")
}

/// The frontend that the first comments of a Dockerfile set.
fn syntax(dockerfile: &str) -> Option<&str> {
    let comments = dockerfile.lines().map_while(|line| line.trim().strip_prefix('#'));
    let mut directives = comments.map_while(|comment| comment.split_once('='));
    directives.find(|(name, _)| name.trim().eq_ignore_ascii_case("syntax")).map(|(_, image)| image.trim())
}

/// Splits the instructions into those before the first stage, and the stages.
fn parse_stages(steps: Vec<Instruction>, request: &BuildRequest) -> Result<(Vec<Instruction>, Vec<Parsed>), Status> {
    let (mut global, mut variables, mut stages) = (Vec::new(), BTreeMap::new(), Vec::<Parsed>::new());
    for step in steps {
        if step.keyword == "FROM" {
            let resolved = step.with_variables(&variables).rest;
            let mut words = resolved.split_whitespace();
            let (base, name) = (words.next().unwrap_or_default(), words.nth(1).unwrap_or_default());
            let (base, name) = (base.to_owned(), name.to_owned());
            let parent = find_stage(&stages, &base);
            stages.push(Parsed { name, base, parent, steps: vec![step] });
        } else if let Some(stage) = stages.last_mut() {
            stage.steps.push(step);
        } else if step.keyword == "ARG" {
            let resolved = step.with_variables(&variables).rest;
            let (name, default) = resolved.split_once('=').unwrap_or((resolved.as_str(), ""));
            let value = request.arguments.get(name).cloned().unwrap_or_else(|| split_words(default).concat());
            variables.insert(name.to_owned(), value);
            global.push(step);
        } else {
            return Err(Status::unknown("no build stage in current context"));
        }
    }
    Ok((global, stages))
}

/// The last stage with this name.
fn find_stage(stages: &[Parsed], name: &str) -> Option<usize> {
    stages.iter().rposition(|stage| !name.is_empty() && stage.name.eq_ignore_ascii_case(name))
}

/// The stage with this name or number.
fn find_source(stages: &[Parsed], name: &str) -> Option<usize> {
    find_stage(stages, name).or_else(|| name.parse().ok().filter(|number| *number < stages.len()))
}

fn find_target(stages: &[Parsed], target: &str) -> Result<usize, Status> {
    let Some(last) = stages.len().checked_sub(1) else {
        return Err(Status::unknown("file with no instructions"));
    };
    match target {
        "" => Ok(last),
        target => find_source(stages, target)
            .ok_or_else(|| Status::unknown(format!("target stage {target:?} could not be found"))),
    }
}

/// The stages that `target` uses, and itself.
fn needed(stages: &[Parsed], target: usize) -> BTreeSet<usize> {
    let (mut needed, mut open) = (BTreeSet::new(), vec![target]);
    while let Some(index) = open.pop() {
        if needed.insert(index) {
            let stage = &stages[index];
            let sources = stage.steps.iter().filter_map(source_stage);
            open.extend(sources.filter_map(|name| find_source(&stages[..index], name)));
            open.extend(stage.parent);
        }
    }
    needed
}

/// The instruction with the new numbers of the stages that it uses.
fn renumbered(step: &Instruction, earlier: &[Parsed], numbers: &BTreeMap<usize, usize>) -> Instruction {
    let mut step = step.clone();
    if let Some(source) = source_stage(&step).and_then(|name| find_source(earlier, name)) {
        step.flags.retain(|flag| !flag.starts_with("from="));
        step.flags.extend(numbers.get(&source).map(|number| format!("from={number}")));
    }
    step
}

/// Describes the feature that is not simulated, if the instruction uses one.
fn unsupported(step: &Instruction) -> Option<&'static str> {
    let mut step = step.clone();
    step.flags.retain(|flag| SecretMount::parse(flag).is_none());
    step.not_simulated()
}

#[cfg(test)]
mod tests {
    use bollard_buildkit_proto::moby::buildkit::v1::SolveRequest;

    use super::*;

    fn request(attributes: &[(&str, &str)]) -> BuildRequest {
        let attributes = attributes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let request = SolveRequest {
            frontend: "dockerfile.v0".to_owned(),
            frontend_attrs: attributes.collect(),
            ..SolveRequest::default()
        };
        BuildRequest::parse(&request).unwrap()
    }

    const STAGES: &str = "# syntax=docker/dockerfile:1\nARG BASE=busybox\nFROM $BASE AS one\nRUN make\nFROM scratch\n\
        COPY a* b /\nFROM alpine:3 AS Two\nRUN --mount=type=secret,id=token \\\n  push\nCOPY --from=One /x /\nENV A=b\n\
        FROM two\nWORKDIR /w\n";

    #[test]
    fn plan_has_the_needed_stages() {
        let plan = Plan::new(STAGES, &request(&[("build-arg:BASE", "debian"), ("no-cache", "two")])).unwrap();
        let stages: Vec<_> =
            plan.stages.iter().map(|stage| (&*stage.label, stage.steps, stage.ignores_cache)).collect();
        assert_eq!(stages, [("one", 2, false), ("Two", 3, true), ("stage-3", 1, false)]);
        assert_eq!((&plan.stages[0].base, &plan.stages[2].base), (&Base::Image("debian".to_owned()), &Base::Stage(1)));
        let run = plan.steps.iter().find(|step| step.rest == "push").unwrap();
        assert_eq!((run.lines, plan.context_paths()), ((8, 9), None));
        assert!(plan.steps.iter().any(|step| source_stage(step) == Some("0")));
    }

    #[test]
    fn plan_has_the_stages_of_its_target() {
        let plan = Plan::new(STAGES, &request(&[("target", "1")])).unwrap();
        assert_eq!((plan.stages.len(), &*plan.stages[0].label), (1, "stage-1"));
        assert_eq!(plan.context_paths(), Some(vec!["a*".to_owned(), "b".to_owned()]));
        let message = |dockerfile: &str, target: &str| {
            Plan::new(dockerfile, &request(&[("target", target)])).unwrap_err().message().to_owned()
        };
        assert_eq!(message(STAGES, "three"), r#"target stage "three" could not be found"#);
        assert_eq!(message("RUN make\n", ""), "no build stage in current context");
        assert_eq!(message("FROM a\nBOGUS\n", ""), "dockerfile parse error on line 2: unknown instruction: BOGUS");
        for unsupported in
            ["FROM a\nRUN --mount=type=cache,target=/c x\n", "# syntax=a/b\nFROM a\n", "FROM a\nRUN <<E\nx\nE\n"]
        {
            assert!(message(unsupported, "").starts_with("the fake engine does not simulate "), "{unsupported}");
        }
    }
}
